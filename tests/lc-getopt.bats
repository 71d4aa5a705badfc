#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # inner shells; lib.bash sets status, output, lines, stderr

load lib

usage='tool [ options ] operands'

# getopt DESCRIPTION… -- WORD… -- ARG…: what the words become

getopt ()
{
  local -a d=() w=()
  while [[ $1 != -- ]]; do d+=(" $1"); shift; done
  shift
  while [[ $1 != -- ]]; do w+=(" $1"); shift; done
  shift
  try lc-getopt "$usage" "${d[@]}" '' ' printf' ' <%s>' "${w[@]}" '' "$@"
}

gives ()  # EXPECTED…
{
  status_is 0 && stderr_is '' && stdout_is "$1"
}

@test "wrong usage" {
  fails 100 'lc-getopt: usage: lc-getopt usage { description... } { command... } args...' lc-getopt
  fails 100 'lc-getopt: usage: lc-getopt usage { description... } { command... } args...' lc-getopt -x
  fails 100 'lc-getopt: fatal: no block after the usage' lc-getopt tool
  fails 100 'lc-getopt: fatal: no block after the description' lc-getopt tool ''
  fails 100 'tool: fatal: the command is empty' lc-getopt tool '' ''
  local d
  for d in - -- -a= --= + : :x; do
    fails 100 "lc-getopt: fatal: invalid description: $d" lc-getopt tool " $d" '' ' true' ''
  done
}

@test "flags" {
  getopt -n:given:absent --long:-l -x -- '$n' '$long' '$x' end --
  gives '<absent><end>'
  getopt -n:given:absent --long:-l -x -- '$n' '$long' '$x' end -- --long -xn
  gives '<given><-l><end>'
  getopt -n::absent -- '$n' end -- -n -n
  gives '<end>'
}

@test "values" {
  local args
  for args in '--path /x' '--path=/x'; do
    # shellcheck disable=SC2086 # words
    getopt --path=P -- 'a$P' '${P}b' -- $args
    gives '<a/x></xb>'
  done
  getopt -p=P -- '$P' -- -p 1 -p2 -p ''
  gives '<1><2><>'
  getopt -p=P:-q -- '$P' end -- -p 1 -p 2
  gives '<-q><1><-q><2><end>'
  getopt -p=P:-q -- '$P' end --
  gives '<end>'
  getopt -p=P:-q:dflt -- '$P' --
  gives '<-q><dflt>'
  getopt -p=P::dflt -- '$P' -- -p 1 -p 2
  gives '<2>'
  getopt --a=P --b=Q -- '$P' '$Q' -- --a=--b --b= --a --a
  gives '<--b><--a><>'
}

@test "operands, among options or behind them" {
  getopt -n:N rest -- '$n' '$rest' -- a -n b -- -n --x
  gives '<N><a><b><-n><--x>'
  getopt -n:N::: +rest -- '$n' '$rest' -- -n a -n --x
  gives '<N><a><-n><--x>'
  getopt rest:-l -- '$rest' -- a - ''
  gives '<-l><a><-l><-><-l><>'
  getopt rest:-p:1 -- '$rest' --
  gives '<-p><1>'
  getopt rest::1 -- '$rest' -- a b
  gives '<b>'
}

@test "what is wrong is named, with the usage" {
  getopt --known -a -- x -- --nosuch
  is "$status $stderr" "100 tool: fatal: unknown option: --nosuch; usage: $usage"
  getopt --known -a -- x -- --know
  is "$status $stderr" "100 tool: fatal: unknown option: --know; usage: $usage"
  getopt --known -a -- x -- -ab
  is "$status $stderr" "100 tool: fatal: unknown option: -b; usage: $usage"
  getopt --known -a -- x -- --known=x
  is "$status $stderr" "100 tool: fatal: no value is taken by --known; usage: $usage"
  getopt --known=V -a -- x -- --known
  is "$status $stderr" "100 tool: fatal: a value is missing after --known; usage: $usage"
  getopt --known=V -a -- x -- -a b
  is "$status $stderr" "100 tool: fatal: too many arguments: b; usage: $usage"
}

@test "--help and -h, unless it is an option or comes after --" {
  getopt -a -- x -- -h
  gives "usage: $usage"
  getopt -h:asked -- '$h' -- -h
  gives '<asked>'
  getopt -a -- x -- -ah
  is "$status $stderr" "100 tool: fatal: unknown option: -h; usage: $usage"
  getopt -a -- x -- -a --help --nosuch
  gives "usage: $usage"
  getopt --help:asked -- '$help' -- --help
  gives '<asked>'
  getopt rest -- '$rest' -- -- --help
  gives '<--help>'
}

@test "values are not substituted in again, whatever they hold" {
  getopt -a=A -b=B rest -- '$A' '$B' '$rest' '$C' -- -a '$B' -b '${A}' '$rest' '$A' '\$A' '{' '' ' x'
  gives '<$B><${A}><$rest><$A><\$A><{><>< x><$C>'
}

@test "the command gets everything as it came" {
  same_state lc-getopt tool ' operands' '' ' $operands' ''
}
