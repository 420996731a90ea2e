# Upgrades to a version, waits for the verdict, and goes back to the old version if it is bad.
#
#   puppet apply --detailed-exitcodes --hiera_config hiera.yaml upgrade.pp
#
# ends with 2 when the version was added and serves, with 0 when it did before, and with 4 or 6 when it
# was taken back. What was taken back is not tried again: each run fails, until the number is another one
# or somebody removes the version (`cutover remove`).
#
# @param version     its dotted numbers, such as "2.0"
# @param servers     addresses, each with `ip` (or `hostname`) and `port`
# @param transition  how users move to it: `upgradeTransition` in docs/configuration.md
# @param config      the configuration file of Cutover: it says where control listens
# @param next        the file in which the version is handed over
# @param seconds     how long to wait for the verdict
# @param cutover     the command, as the shell takes it
# @param path        where the command is found, and Node, on which it runs
class cutover_upgrade (
  Pattern[/\A\d+(\.\d+)*\z/] $version,
  Array[Hash, 1] $servers,
  Hash $transition = { 'mode' => 'INSTANT' },
  String[1] $config = '/etc/cutover/config.json',
  String[1] $next = '/etc/cutover/next.json',
  Integer[1] $seconds = 600,
  String[1] $cutover = 'cutover',
  Array[String[1]] $path = ['/usr/local/bin', '/usr/bin', '/bin'],
) {
  $cluster = {
    'cluster' => { 'servers' => $servers, 'version' => $version, 'upgradeTransition' => $transition },
  }
  $config_file = shellquote('-c', $config)
  $next_file = shellquote($next)

  # Succeeds if the version is there, in one of these states; in any if none is named.
  $search = @(JS/L)
    const [version, ...states] = process.argv.slice(1); \
    const isMeant = each => states.length === 0 || states.includes(each.state); \
    const versions = JSON.parse(fs.readFileSync(0, "utf8")); \
    process.exit(versions.some(each => each.version === version && isMeant(each)) ? 0 : 1);
    |- JS
  $is_there = "${cutover} status --json ${config_file} | ${shellquote('node', '-e', $search, $version)}"
  $why = "${cutover} why ${version} ${config_file}"
  $take_back = "if ${is_there} running paused superseded; then ${cutover} abort ${version} ${config_file}; fi"

  Exec {
    provider => shell,
    path     => $path,
  }

  file { $next:
    content => inline_template("<%= require 'json'; JSON.pretty_generate(@cluster) %>\n"),
    mode    => '0644',
  }

  exec { "upgrade to ${version}":
    command => "${cutover} deploy ${next_file} --wait --timeout ${seconds} ${config_file} || { ${why}; ${take_back}; exit 1; }",
    unless  => $is_there,
    timeout => $seconds + 60,
    require => File[$next],
  }

  exec { "${version} was taken back":
    command => "${why}; exit 1",
    onlyif  => "${is_there} demoted aborted",
    require => Exec["upgrade to ${version}"],
  }
}

include cutover_upgrade
