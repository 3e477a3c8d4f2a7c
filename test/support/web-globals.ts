/** What a web worker has besides ECMAScript, for bundles that must run without Node. */
import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { inRepository } from './repository';

/** Interfaces of the web that the bundles may use; none of Node's. */
const WEB = {
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    queueMicrotask,
    console,
    performance,
    TextEncoder,
    TextDecoder,
    URL,
    URLSearchParams,
    AbortController,
    MessageChannel,
    Blob,
    DecompressionStream,
    structuredClone,
};

/** Whether a page lets code be generated, as its content security policy says, and the code that it generates. */
export interface CodeGeneration {
    readonly permitted: boolean;
    readonly made: string[];
}

/** `new Function` hands what it makes to `made`, if it may make it. */
const WATCHED = `{
    const Native = Function;
    const into = made;
    globalThis.Function = class extends Native {
        constructor(...parts) {
            super(...parts);
            into.push(String(parts.at(-1)));
        }
    };
}`;

/**
 * Runs a bundle of dist/ in a realm of its own.
 * @param more globals
 * @returns what it exports, if it is a CommonJS module
 */
export function runOnWeb(
    bundle: string,
    more: Readonly<Record<string, unknown>>,
    { permitted, made }: CodeGeneration = { permitted: true, made: [] },
): unknown {
    const module = { exports: {} };
    const context = createContext(
        { ...WEB, module, exports: module.exports, made, ...more },
        { codeGeneration: { strings: permitted } },
    );
    runInContext(WATCHED, context);
    runInContext('globalThis.self ??= globalThis', context);
    const file = inRepository('dist', `${bundle}.js`);
    runInContext(readFileSync(file, 'utf8'), context, { filename: file });
    return module.exports;
}
