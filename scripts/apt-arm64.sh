#!/bin/sh
# apt-get for arm64 packages, apart from this machine's: lists and downloads of its own in .cache/apt-arm64/, made from
# this machine's Debian sources. Nothing is installed, and dpkg does not hear of another architecture.
#   sh scripts/apt-arm64.sh cache pkgnames linux-image-6.   apt-cache
#   sh scripts/apt-arm64.sh get download busybox-static     apt-get
set -eu
base=$(cd "$(dirname "$0")/.." && pwd)/.cache/apt-arm64
tool=$1
shift

if [ ! -f "$base/ready" ]; then
  mkdir -p "$base/sources" "$base/lists/partial" "$base/archives/partial"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    # Other vendors may have nothing for arm64.
    if [ -f "$file" ] && grep -q '/debian' "$file"; then cp "$file" "$base/sources/"; fi
  done
  : >"$base/status"
  cat >"$base/apt.conf" <<CONF
APT::Architecture "arm64";
#clear APT::Architectures;
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Retries "3";
#clear Acquire::Languages;
Acquire::Languages { "none"; };
Dir::State "$base";
Dir::State::lists "$base/lists";
Dir::State::status "$base/status";
Dir::Cache "$base";
Dir::Cache::archives "$base/archives";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$base/sources";
CONF
  APT_CONFIG=$base/apt.conf apt-get update >"$base/log" 2>&1 </dev/null || { cat "$base/log" >&2; exit 1; }
  touch "$base/ready"
fi
APT_CONFIG=$base/apt.conf exec "apt-$tool" "$@"
