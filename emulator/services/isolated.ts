/** A file reduced to the code that matters at one place, so that checks during typing are faster. */
import { ITEM_KEYWORDS } from '../language/syntax/words';

const ITEM = new RegExp(`^(?:${ITEM_KEYWORDS.join('|')})\\b`, 'gm');

/** A function up to its `{`. */
const FN_HEAD = /^fn\s+(\w+)\s*\([^)]*\)[^{\n]*\{/;

/** A declaration, and the comments up to the next one. */
interface Chunk {
    readonly start: number;
    readonly end: number;
    /** For functions: the name, and the span between the braces. */
    readonly fn?: { readonly name: string; readonly from: number; readonly to: number };
    readonly isScenario: boolean;
}

function chunksOf(text: string): Chunk[] {
    const starts = [...text.matchAll(ITEM)].map((m) => m.index);
    return starts.map((start, i) => {
        const end = starts[i + 1] ?? text.length;
        const isScenario = text.startsWith('scenario', start);
        const chunk = text.startsWith('fn', start) ? text.slice(start, end) : '';
        const head = FN_HEAD.exec(chunk);
        const close = chunk.lastIndexOf('\n}');
        return head?.[1] !== undefined && close >= head[0].length
            ? { start, end, isScenario, fn: { name: head[1], from: start + head[0].length, to: start + close } }
            : { start, end, isScenario };
    });
}

const WORD = /\b[A-Za-z_]\w*/g;

/** The functions that code calls, and those that they call. */
function calledFrom(text: string, chunks: readonly Chunk[], kept: readonly Chunk[]): ReadonlySet<Chunk> {
    const byName = new Map(chunks.flatMap((c) => (c.fn ? [[c.fn.name, c] as const] : [])));
    const called = new Set<Chunk>();
    const ahead = [...kept];
    for (let chunk = ahead.pop(); chunk; chunk = ahead.pop()) {
        for (const [word] of text.slice(chunk.start, chunk.end).matchAll(WORD)) {
            const fn = byName.get(word);
            if (fn && !called.has(fn)) {
                called.add(fn);
                ahead.push(fn);
            }
        }
    }
    return called;
}

/**
 * The text with spaces in place of all other scenarios, and of the bodies of functions that the code at the place and
 * the declarations do not call: the rest cannot refer to their contents. Offsets stay the same.
 */
export function isolated(text: string, offset: number): string {
    const chunks = chunksOf(text);
    const here = (c: Chunk): boolean => c.start <= offset && offset <= c.end;
    const called = calledFrom(
        text,
        chunks,
        chunks.filter((c) => here(c) || !(c.fn || c.isScenario)),
    );
    let result = '';
    let done = 0;
    const blank = (from: number, to: number): void => {
        result += text.slice(done, from) + text.slice(from, to).replace(/[^\n]+/g, (l) => ' '.repeat(l.length));
        done = to;
    };
    for (const chunk of chunks) {
        if (here(chunk)) {
            continue;
        }
        if (chunk.isScenario) {
            blank(chunk.start, chunk.end);
        } else if (chunk.fn && !called.has(chunk)) {
            blank(chunk.fn.from, chunk.fn.to);
        }
    }
    return result + text.slice(done);
}
