#[cfg_attr(windows, test)]
fn never_runs_on_windows() {}
