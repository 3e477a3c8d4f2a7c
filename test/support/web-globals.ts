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

/**
 * Runs a bundle of dist/ in a realm of its own.
 * @param more globals
 * @returns what it exports, if it is a CommonJS module
 */
export function runOnWeb(bundle: string, more: Readonly<Record<string, unknown>>): unknown {
    const module = { exports: {} };
    const context = createContext({ ...WEB, module, exports: module.exports, ...more });
    runInContext('globalThis.self ??= globalThis', context);
    const file = inRepository('dist', `${bundle}.js`);
    runInContext(readFileSync(file, 'utf8'), context, { filename: file });
    return module.exports;
}
