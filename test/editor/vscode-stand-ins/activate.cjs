// Loads and activates the extension with a stand-in for the editor's API, which does nothing, and prints the processor
// time of both in milliseconds: node activate.cjs FOLDER, that of the built state.
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const folder = process.argv[2];

/** Takes every use: it can be called, made with `new`, and has every property. */
const anything = () =>
    new Proxy(function () {}, {
        get: (_, key) =>
            key === Symbol.iterator ? function* () {} : key === Symbol.toPrimitive ? () => '' : key === 'then' ? undefined : anything(),
        set: () => true,
        apply: () => anything(),
        construct: () => ({}),
    });

class Uri {
    constructor(scheme, file) {
        this.scheme = scheme;
        this.path = file;
        this.fsPath = file;
    }
    static file = (file) => new Uri('file', file);
    static from = (parts) => new Uri(parts.scheme, parts.path);
    static joinPath = (uri, ...parts) => new Uri(uri.scheme, path.join(uri.path, ...parts));
}

class EventEmitter {
    event = () => ({ dispose() {} });
    fire() {}
    dispose() {}
}

const typings = readFileSync(path.join(folder, 'node_modules/@types/vscode/index.d.ts'), 'utf8');
const names = [...typings.matchAll(/^\texport (?:class|namespace|enum|const) (\w+)/gm)].map((m) => m[1]);
const api = { ...Object.fromEntries(names.map((name) => [name, anything()])), Uri, EventEmitter, version: '1.100.0' };

const load = Module._load;
Module._load = (name, ...rest) => (name === 'vscode' ? api : load(name, ...rest));

const memento = { get: (_, otherwise) => otherwise, update: async () => {}, keys: () => [] };
const context = {
    extensionUri: Uri.file(folder),
    globalStorageUri: Uri.file(path.join(folder, '.build', 'storage')),
    subscriptions: [],
    globalState: memento,
    workspaceState: memento,
    environmentVariableCollection: anything(),
    extension: { packageJSON: { version: '' } },
};

const begin = process.cpuUsage();
require(path.join(folder, 'dist', 'extension.js')).activate(context);
const { user, system } = process.cpuUsage(begin);
console.log((user + system) / 1000);
process.exit();
