#!/usr/bin/env bash
# Upgrades to a next version, waits for the verdict, and goes back to the old version if it is bad.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: upgrade.sh CONFIG NEXT

  CONFIG  the configuration file of Cutover: it says where control listens
  NEXT    a file with the next version, such as examples/next.json

environment:
  TIMEOUT  seconds to wait for the verdict (600)
  CUTOVER  the command to run, as words without quotes (cutover)

exit codes:
  0  the next version serves: its upgrade is complete, or its verdict healthy
  1  it was taken back, or could not be added; the log says why
  2  wrong usage, or a file that cannot be read
USAGE
}

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  usage
  exit 0
fi
timeout=${TIMEOUT:-600}
if (($# != 2)) || [[ ! -r $1 || ! -r $2 || ! $timeout =~ ^[1-9][0-9]*$ ]]; then
  usage >&2
  exit 2
fi
config=$1
next=$2
read -ra cutover <<<"${CUTOVER:-cutover}"

said=$(mktemp)

# By its id, not its number: two versions may have one number.
id() {
  grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' "$said" | head -n 1
}

# Cutover runs on Node, so Node is there to read what it says.
state_of() {
  "${cutover[@]}" status --json -c "$config" | node -e '
    const versions = JSON.parse(fs.readFileSync(0, "utf8"));
    console.log(versions.find(({ id }) => id === process.argv[1])?.state ?? "removed");
  ' "$1"
}

take_back() {
  local state
  "${cutover[@]}" why "$1" -c "$config" >&2 || true
  # If this cannot be asked, it is better to abort once too often.
  state=$(state_of "$1") || state=running
  case $state in
    running | paused | superseded) "${cutover[@]}" abort "$1" -c "$config" >&2 ;;
    complete) echo "upgrade.sh: $1 is complete all the same" >&2 ;;
  esac
}

# In the background, so that an interrupted script takes back what it began: nobody would watch it.
trap 'echo "upgrade.sh: interrupted" >&2' INT TERM
"${cutover[@]}" deploy "$next" --wait --timeout "$timeout" -c "$config" | tee "$said" &
code=0
wait $! || code=$?
version=$(id) || version=
rm -f "$said"
if ((code == 0)) || [[ -z $version ]]; then exit "$code"; fi
take_back "$version" || echo "upgrade.sh: $version could not be aborted: look at it" >&2
exit 1
