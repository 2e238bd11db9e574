"""Orders: from the trader's intents to an executor and back as reports.

Entry points: `router.Router` (what the engine talks to), `ipc.Bus` (where reports are heard),
`executor_py.executor.PythonExecutor` (in process) and `rust_executor.RustExecutor` (a child
process behind `transport.Transport`). `interfaces` holds the shapes between them.

Invariants: the engine's thread is the only one that sends and the only one that hears reports;
both backends give the same reports for the same messages; every intent the router takes ends with
exactly one terminal report.
"""
