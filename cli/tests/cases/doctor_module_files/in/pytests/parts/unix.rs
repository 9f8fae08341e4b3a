#[cfg_attr(unix, test)]
fn never_runs_on_unix() {}
