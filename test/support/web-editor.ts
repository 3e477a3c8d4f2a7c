/**
 * As much of an editor's extension host as the debugger of the web bundle needs: files, events, URIs, and the
 * registration of the adapter. Everything else that an extension registers is accepted and left alone; the journeys in
 * test/editor run the bundle in a real one.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { inRepository } from './repository';
import { type CodeGeneration, runOnWeb } from './web-globals';

/** A URI as the editor has it, by its text. */
class Uri {
    constructor(private readonly text: string) {}
    static parse(text: string): Uri {
        return new Uri(text);
    }
    static file(path: string): Uri {
        return new Uri(`file://${path}`);
    }
    static from({ scheme, path }: { readonly scheme: string; readonly path: string }): Uri {
        return new Uri(`${scheme}:${path}`);
    }
    static joinPath(base: Uri, ...parts: string[]): Uri {
        return new Uri([base.text, ...parts].join('/'));
    }
    get scheme(): string {
        return this.text.slice(0, this.text.indexOf(':'));
    }
    get path(): string {
        return new URL(this.text).pathname;
    }
    get fsPath(): string {
        return fileURLToPath(this.text);
    }
    toString(): string {
        return this.text;
    }
}

class EventEmitter<T> {
    private listener: (value: T) => void = () => undefined;
    readonly event = (listener: (value: T) => void): void => {
        this.listener = listener;
    };
    fire(value: T): void {
        this.listener(value);
    }
    dispose(): void {}
}

/** An object that accepts any use: a call, a property, `new`, `extends`. Some of its properties may be given. */
function anything(own: object = {}): unknown {
    return new Proxy(class {}, {
        get(target, key) {
            if (key === 'prototype') {
                return target.prototype;
            }
            if (key === Symbol.toPrimitive) {
                return () => 'anything';
            }
            return key in own ? Reflect.get(own, key) : key === 'then' ? undefined : anything();
        },
        set: () => true,
        apply: () => anything(),
    });
}

/** The names of what the module `vscode` exports. */
function namesOfApi(): string[] {
    const typings = readFileSync(inRepository('node_modules', '@types', 'vscode', 'index.d.ts'), 'utf8');
    return [...typings.matchAll(/^\texport (?:abstract )?(?:class|namespace|enum|const|function) (\w+)/gm)].map(
        ([, name = '']) => name,
    );
}

/** What a debug session of the editor does with an adapter in the same process. */
export interface InlineAdapter {
    readonly onDidSendMessage: (listener: (message: unknown) => void) => void;
    handleMessage(message: unknown): void;
    dispose(): void;
}

interface Factory {
    createDebugAdapterDescriptor(): { readonly implementation: InlineAdapter };
}

/**
 * Activates the web bundle.
 * @param read the files that it asked for are added to this list
 * @returns makes an adapter
 */
export function webAdapters(read: string[], generation?: CodeGeneration): () => InlineAdapter {
    let factory: Factory | undefined;
    const vscode = {
        ...Object.fromEntries(namesOfApi().map((name) => [name, anything()])),
        Uri,
        EventEmitter,
        DebugAdapterInlineImplementation: class {
            constructor(readonly implementation: InlineAdapter) {}
        },
        workspace: anything({
            fs: {
                readFile: async (uri: Uri) => {
                    read.push(uri.toString());
                    return new Uint8Array(await readFile(uri.fsPath));
                },
            },
            findFiles: async () => [],
        }),
        debug: anything({
            registerDebugAdapterDescriptorFactory: (_: string, made: Factory) => {
                factory = made;
            },
        }),
    };
    const exported = runOnWeb(
        'web-extension',
        {
            require: (name: string) => {
                if (name !== 'vscode') {
                    throw new Error(`the bundle needs ${name}`);
                }
                return vscode;
            },
            Worker: class {},
        },
        generation,
    );
    Reflect.get(
        Object(exported),
        'activate',
    )({
        extensionUri: new Uri('http://localhost/extension'),
        subscriptions: [],
        globalState: anything(),
    });
    return () => {
        if (!factory) {
            throw new Error('the extension registered no adapter');
        }
        return factory.createDebugAdapterDescriptor().implementation;
    };
}
