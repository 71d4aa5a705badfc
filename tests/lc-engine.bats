#!/usr/bin/env bats
# shellcheck disable=SC2154 # lib.bash sets status, output, lines, stderr

load lib

usage='lc-engine: usage: lc-engine [ -v ] lxc-libvirt|lxc|systemd-nspawn|oci|vm prog...'

@test "wrong usage" {
  fails 100 "$usage" lc-engine
  fails 100 "$usage" lc-engine -z lxc true
  fails 100 'lc-engine: fatal: unknown engine: docker (lxc-libvirt, lxc, systemd-nspawn, oci and vm are known)' lc-engine docker touch ran
  [[ ! -e ran ]]
}

@test "the engine that it is" {
  local engine
  for engine in lxc-libvirt:lxc-libvirt lxc:lxc systemd-nspawn:systemd-nspawn oci:oci docker:oci podman:oci :oci; do
    ok env container="${engine%:*}" lc-engine "${engine#*:}" echo here
    stdout_is here
    ok env container="${engine%:*}" lc-engine "${engine#*:}"
    try env container="${engine%:*}" lc-engine -v "${engine#*:}"
    stderr_is "lc-engine: info: this is ${engine#*:}"
  done
  ok env -u container PATH="$PATH" lc-engine oci echo here
  stdout_is here
}

@test "any other is named" {
  fails 1 'lc-engine: fatal: this is lxc, not oci (the variable container says so)' env container=lxc lc-engine oci touch ran
  fails 1 'lc-engine: fatal: this is oci, not lxc (the variable container says so)' env container=podman lc-engine lxc touch ran
  fails 1 'lc-engine: fatal: this is wsl, not lxc (the variable container says so)' env container=wsl lc-engine lxc touch ran
  fails 1 'lc-engine: fatal: this is oci, not vm (there is no variable container)' lc-engine vm touch ran
  [[ ! -e ran ]]
}

@test "prog gets everything as it came" {
  same_state lc-engine oci
}
