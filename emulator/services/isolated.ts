/** A file reduced to the code that matters at one place, so that checks during typing are faster. */
import type { Span } from '../language/syntax/ast';
import { ITEM_KEYWORDS } from '../language/syntax/words';

const ITEM = new RegExp(`^(?:${ITEM_KEYWORDS.join('|')})\\b`, 'gm');

/** A declaration, and the comments up to the next one. */
interface Chunk extends Span {
    /** The name of a function. */
    readonly fn?: string | undefined;
    /** What no other declaration can refer to: scenarios, and the bodies of functions and callbacks. */
    readonly inner: readonly Span[];
}

function chunksOf(text: string): Chunk[] {
    const starts = [...text.matchAll(ITEM)].map((m) => m.index);
    return starts.map((start, i) => chunkAt(text, { start, end: starts[i + 1] ?? text.length }));
}

function chunkAt(text: string, span: Span): Chunk {
    const [, word, name] = /^(\w+)\s+(\w+)?/.exec(text.slice(span.start, span.start + 200)) ?? [];
    switch (word) {
        case 'scenario':
            return { ...span, inner: [span] };
        case 'fn':
            return { ...span, fn: name, inner: bodiesAt(text, span, 1) };
        case 'file':
        case 'flb':
        case 'handler':
            return { ...span, inner: bodiesAt(text, span, 2) };
        default:
            return { ...span, inner: [] };
    }
}

/** Where the declaration at an offset begins; 0 before the first one. */
export function declarationStart(text: string, offset: number): number {
    return [...text.slice(0, offset).matchAll(ITEM)].at(-1)?.index ?? 0;
}

/** What lies between the braces at a depth; nothing if a brace is missing. */
function bodiesAt(text: string, { start, end }: Span, depth: number): Span[] {
    const bodies: Span[] = [];
    let [open, from] = [0, 0];
    for (const { 0: mark, index } of text.slice(start, end).matchAll(/"(?:\\.|[^"\\\n])*"?|\/\/.*|[{}]/g)) {
        if (mark === '{' && ++open === depth) {
            from = start + index + 1;
        } else if (mark === '}' && open-- === depth) {
            bodies.push({ start: from, end: start + index });
        }
    }
    return open === 0 ? bodies : [];
}

const WORD = /\b[A-Za-z_]\w*/g;

/** The functions that code calls, and those that they call. */
function calledFrom(texts: readonly string[], text: string, chunks: readonly Chunk[]): ReadonlySet<Chunk> {
    const byName = new Map(chunks.flatMap((c) => (c.fn === undefined ? [] : [[c.fn, c] as const])));
    const called = new Set<Chunk>();
    const ahead = [...texts];
    for (let part = ahead.pop(); part !== undefined && byName.size > called.size; part = ahead.pop()) {
        for (const [word] of part.matchAll(WORD)) {
            const fn = byName.get(word);
            if (fn && !called.has(fn)) {
                called.add(fn);
                ahead.push(text.slice(fn.start, fn.end));
            }
        }
    }
    return called;
}

/** The parts of a declaration that others can refer to. */
function outside(text: string, { start, end, inner }: Chunk): string[] {
    const ends = [start, ...inner.map((s) => s.end)];
    return ends.map((from, i) => text.slice(from, inner[i]?.start ?? end));
}

/**
 * The text with spaces in place of all other scenarios, of the bodies of other callbacks, and of functions that the
 * code at the place and the declarations do not call: the rest cannot refer to their contents. Offsets stay the same.
 */
export function isolated(text: string, offset: number): string {
    const chunks = chunksOf(text);
    const here = (c: Chunk): boolean => c.start <= offset && offset <= c.end;
    const called = calledFrom(
        chunks.flatMap((c) => (here(c) ? text.slice(c.start, c.end) : c.fn === undefined ? outside(text, c) : [])),
        text,
        chunks,
    );
    let result = '';
    let done = 0;
    for (const chunk of chunks) {
        for (const { start, end } of here(chunk) || called.has(chunk) ? [] : chunk.inner) {
            result += text.slice(done, start) + text.slice(start, end).replace(/[^\n]+/g, (l) => ' '.repeat(l.length));
            done = end;
        }
    }
    return result + text.slice(done);
}
