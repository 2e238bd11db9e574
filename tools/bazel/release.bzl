"""The release: what runs on a machine without a build root, in one archive."""

load("@rules_rust//rust:rust_common.bzl", "CrateInfo", "DepInfo", "TestCrateInfo")

def _crate(target):
    return target[CrateInfo] if CrateInfo in target else target[TestCrateInfo].crate

def _crates(targets):
    """Of each crate that is compiled into `targets`: the folder it is built in, which names it and its version."""
    found = []
    for target in targets:
        found += target[DepInfo].transitive_crates.to_list()
        found += [macro.crate_info for macro in _crate(target).proc_macro_deps.to_list() if macro.crate_info]
    return {crate.owner.workspace_name: None for crate in found if crate.owner.workspace_name}.keys()

def _release_impl(ctx):
    trader = ctx.attr.trader[DefaultInfo]
    shipped = [
        file
        for file in trader.default_runfiles.files.to_list()
        if file.short_path.startswith(tuple(ctx.attr.folders)) and file != trader.files_to_run.executable
    ]
    tree = {file.short_path: file for file in shipped}
    for target, folder in ctx.attr.tree.items():
        prefix = target.label.package + "/" if target.label.package else ""
        for file in target.files.to_list():
            tree[folder + file.short_path.removeprefix(prefix)] = file
    name = "hotloop-{}-linux-x86_64".format(ctx.attr.version)
    archive = ctx.actions.declare_file(name + ".tar.gz")
    sbom = ctx.actions.declare_file(name + ".cdx.json")
    sums = ctx.actions.declare_file("SHA256SUMS")
    plan = ctx.actions.declare_file(ctx.label.name + ".plan.json")
    ctx.actions.write(plan, json.encode({
        "archive": archive.path,
        "cargo_lock": ctx.file.cargo_lock.path,
        "crates": _crates(ctx.attr.crates),
        "requirements": ctx.file.requirements.path,
        "sbom": sbom.path,
        "stamp": ctx.info_file.path,
        "sums": sums.path,
        "tree": {path: file.path for path, file in tree.items()},
        "version": ctx.attr.version,
        "wheel": ctx.file.wheel.path,
        "wheels": [file.path for file in ctx.files.wheels],
    }))
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [plan.path],
        inputs = tree.values() + ctx.files.wheels + [
            plan,
            ctx.file.cargo_lock,
            ctx.file.requirements,
            ctx.file.wheel,
            ctx.info_file,
        ],
        outputs = [archive, sbom, sums],
        mnemonic = "Release",
        progress_message = "Packing " + name,
    )
    return [DefaultInfo(files = depset([archive, sbom, sums, ctx.file.wheel]))]

release = rule(
    implementation = _release_impl,
    doc = "An archive with the trader, its executor, the wheels it runs on and what a service needs; a list of its parts; checksums.",
    attrs = {
        "cargo_lock": attr.label(allow_single_file = True, mandatory = True, doc = "Where the crates' checksums stand."),
        "crates": attr.label_list(providers = [DepInfo], doc = "The Rust that is shipped."),
        "folders": attr.string_list(doc = "Of what the trader runs on, these folders of the repository are shipped."),
        "requirements": attr.label(allow_single_file = True, mandatory = True, doc = "The lock of exactly the `wheels`."),
        "trader": attr.label(mandatory = True, doc = "The trader, a py_binary."),
        "tree": attr.label_keyed_string_dict(allow_files = True, doc = "More files: where each target's go, its own folder left out."),
        "version": attr.string(mandatory = True),
        "wheel": attr.label(allow_single_file = True, mandatory = True, doc = "The extension's."),
        "wheels": attr.label_list(allow_files = True, doc = "Wheels of other people's packages."),
        "_tool": attr.label(default = "//dist:pack", executable = True, cfg = "exec"),
    },
)
