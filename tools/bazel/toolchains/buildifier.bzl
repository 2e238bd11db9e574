"""buildifier from the npm registry, the one package registry that carries it as a binary."""

_VERSION = "8.2.1"
_SHA256 = "b96ea9b13003036c801f52bee6f9b0314738f8432e5cb9d814c89f59292604ee"

def _buildifier_repository_impl(ctx):
    npm = ctx.which("npm")
    if not npm:
        fail("no npm on PATH: build through ./bazelw, or install npm")
    package = "@bazel/buildifier@" + _VERSION
    result = ctx.execute([npm, "pack", "--silent", "--ignore-scripts", package], timeout = 300)
    archive = "bazel-buildifier-{}.tgz".format(_VERSION)
    if result.return_code != 0 or not ctx.path(archive).exists:
        fail("`npm pack {}` failed: {}{}".format(package, result.stdout, result.stderr))
    found = ctx.execute(["sha256sum", archive]).stdout.split(" ")[0]
    if found != _SHA256:
        fail("{} has SHA-256 {}, expected {}".format(archive, found, _SHA256))
    ctx.extract(archive, stripPrefix = "package")
    ctx.symlink("buildifier-linux_amd64", "buildifier")
    ctx.execute(["chmod", "+x", "buildifier-linux_amd64"])
    ctx.file("BUILD.bazel", "exports_files([\"buildifier\"])\n")

buildifier_repository = repository_rule(
    implementation = _buildifier_repository_impl,
    doc = "The buildifier binary for Linux x86-64.",
    environ = ["PATH"],
)

def _buildifier_impl(_ctx):
    buildifier_repository(name = "buildifier")

buildifier = module_extension(implementation = _buildifier_impl)
