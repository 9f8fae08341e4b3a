fn unfinished( {}
