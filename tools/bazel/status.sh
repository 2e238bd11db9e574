#!/bin/sh
# What Bazel stamps a release with: the commit, and whether anything that is tracked differs from it.
commit="$(git rev-parse HEAD 2>/dev/null)" || commit=unknown
if [ "$commit" != unknown ] && [ -n "$(git status --porcelain --untracked-files=no 2>/dev/null)" ]; then
  commit="$commit-changed"
fi
echo "STABLE_GIT_COMMIT $commit"
