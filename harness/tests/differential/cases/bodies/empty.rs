suite! {}
