/** Runs in a page of a browser: executes the programs of the server, and stores what can be observed of them. */
import { type Files, observed, type Seen } from './observed';

/** How often the page has made a function from a text, and how often the browser has forbidden that. */
export interface Counted {
    readonly made: number;
    readonly forbidden: number;
}

export interface Report {
    readonly closures: Counted & { readonly seen: readonly Seen[] };
    readonly generated: Counted & { readonly seen: readonly Seen[] };
}

let made = 0;
let forbidden = 0;
globalThis.Function = new Proxy(Function, {
    construct(target, parameters: readonly string[]) {
        try {
            const result: object = Reflect.construct(target, parameters);
            made++;
            return result;
        } catch (e) {
            forbidden += e instanceof EvalError ? 1 : 0;
            throw e;
        }
    },
});

function pass(files: Files, hotAfter: number): Report['closures'] {
    [made, forbidden] = [0, 0];
    const seen = observed(files, hotAfter);
    return { seen, made, forbidden };
}

async function report(): Promise<Report> {
    const { images, ...files }: Omit<Files, 'images'> & { images: string[] } = JSON.parse(
        await (await fetch('/files')).text(),
    );
    const read = images.map(async (uri) => [uri, new Uint8Array(await (await fetch(uri)).arrayBuffer())] as const);
    const all = { ...files, images: Object.fromEntries(await Promise.all(read)) };
    return { closures: pass(all, Infinity), generated: pass(all, 0) };
}

const told = report().catch((e: unknown) => ({ error: e instanceof Error ? (e.stack ?? e.message) : String(e) }));
void told.then((result) => Reflect.set(globalThis, 'told', JSON.stringify(result)));
