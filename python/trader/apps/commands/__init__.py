"""The commands, one module each: `run(arguments, interrupt) -> exit code`."""
