/** Parses, and checks what holds for the tree of every text. */
import assert from 'node:assert/strict';
import type { Span } from '../../emulator/language/syntax/ast';
import { parse } from '../../emulator/language/syntax/parser';

/** The first thing in the tree that does not lie inside what holds it. */
function misplaced(node: unknown, within: Span, path: string): string | undefined {
    if (typeof node !== 'object' || node === null) {
        return undefined;
    }
    let outer = within;
    if ('start' in node && 'end' in node && typeof node.start === 'number' && typeof node.end === 'number') {
        if (node.start < within.start || node.end > within.end || node.end < node.start) {
            return `${path}: ${node.start}..${node.end} is not inside ${within.start}..${within.end}`;
        }
        outer = { start: node.start, end: node.end };
    }
    for (const [key, value] of Object.entries(node)) {
        // of a process of an array the span is that of its name; the number stands behind it
        const behind = 'kind' in node && node.kind === 'ident' && (key === 'count' || key === 'index');
        const found = key === 'text' ? undefined : misplaced(value, behind ? within : outer, `${path}.${key}`);
        if (found !== undefined) {
            return found;
        }
    }
    return undefined;
}

/** Parses, and checks what holds for every text. */
export function read(text: string): ReturnType<typeof parse> {
    const result = parse('test.lus', text);
    assert.equal(misplaced(result.file, { start: 0, end: text.length }, 'file'), undefined, text.slice(-80));
    for (const d of result.diagnostics) {
        assert.ok(d.span.start >= 0 && d.span.start <= d.span.end && d.span.end <= text.length, d.message);
        for (const edit of d.fix?.edits ?? []) {
            assert.ok(edit.span.start <= edit.span.end && edit.span.end <= text.length, d.message);
        }
    }
    return result;
}
