/** The number of spaces between two tokens of a line, without alignment. */
import type { SourceFile } from '../../language/syntax/ast';
import type { Token } from '../../language/syntax/lexer';
import { childrenOf, type Node } from '../nodes';

/** The roles of marks in the tree, by their offsets. */
export interface Marks {
    /** `-`, `!` and `~` before one operand. */
    readonly unary: ReadonlySet<number>;
    /** `(` and `[` that belong to the expression before them. */
    readonly tight: ReadonlySet<number>;
    /** `<` and `>` around the name of a shipped program. */
    readonly angles: ReadonlySet<number>;
    /** `:` before the bits of a field. */
    readonly bits: ReadonlySet<number>;
    /** `..` with a space before or after it: it gets both. */
    readonly wide: ReadonlySet<number>;
    /** The words of expectations: `fails`, `may`, `panics`. */
    readonly expectations: ReadonlySet<number>;
}

export function marksOf(file: SourceFile): Marks {
    const { text } = file;
    const marks = {
        unary: new Set<number>(),
        tight: new Set<number>(),
        angles: new Set<number>(),
        bits: new Set<number>(),
        wide: new Set<number>(),
        expectations: new Set<number>(),
    };
    const behind = (offset: number, mark: string): number => {
        const at = text.indexOf(mark, offset);
        return text.slice(offset, at).trim() === '' ? at : -1;
    };
    const visit = (node: Node): void => {
        if (!('kind' in node)) {
            childrenOf(node).forEach(visit);
            return;
        }
        switch (node.kind) {
            case 'unary':
                marks.unary.add(node.start);
                break;
            case 'call':
                // a name keeps its own span in parentheses
                marks.tight.add(lastOpening(text, node.callee.end, node.args[0]?.start ?? node.end));
                break;
            case 'index':
                marks.tight.add(text.lastIndexOf('[', node.index.start));
                break;
            case 'new':
            case 'fn':
            case 'callback':
                marks.tight.add(behind(node.name.end, '('));
                break;
            case 'type': {
                if (node.bits) {
                    marks.bits.add(text.lastIndexOf(':', node.bits.start));
                }
                if (node.length) {
                    marks.tight.add(text.lastIndexOf('[', node.length.start));
                }
                break;
            }
            case 'import':
                if (node.shipped) {
                    marks.angles.add(node.path.start).add(node.path.end - 1);
                }
                break;
            case 'range': {
                const at = text.lastIndexOf('..', node.to.start);
                if (/\s/.test(text.charAt(at - 1) + text.charAt(at + 2))) {
                    marks.wide.add(at);
                }
                break;
            }
            case 'fails':
            case 'may':
            case 'panics':
                marks.expectations.add(node.start);
                break;
        }
        if (node.kind === 'fn' && node.label.length > 0) {
            marks.tight.add(text.lastIndexOf('(', node.label[0]?.start ?? 0));
        }
        childrenOf(node).forEach(visit);
    };
    file.items.forEach(visit);
    return marks;
}

/** The first `(` behind a callee; parentheses around the callee itself end before it. */
function lastOpening(text: string, from: number, to: number): number {
    const at = text.slice(from, to).indexOf('(');
    return at < 0 ? -1 : from + at;
}

const OPENING: ReadonlySet<string> = new Set(['(', '[']);
const CLOSING: ReadonlySet<string> = new Set([')', ']']);

export function spacesBetween(a: Token, b: Token, marks: Marks): number {
    const [left, right] = [a.kind === 'punct' ? a.text : '', b.kind === 'punct' ? b.text : ''];
    if (marks.expectations.has(b.start)) {
        return 2;
    }
    if (OPENING.has(left) || CLOSING.has(right) || right === ',' || right === ';' || left === '.' || right === '.') {
        return 0;
    }
    if (marks.unary.has(a.start) && a.kind === 'punct') {
        return 0;
    }
    if (marks.tight.has(b.start)) {
        return 0;
    }
    if (marks.angles.has(a.start) && left === '<') {
        return 0;
    }
    if (marks.angles.has(b.start) && right === '>') {
        return 0;
    }
    if (marks.bits.has(b.start) || (marks.bits.has(a.start) && left === ':')) {
        return 0;
    }
    if (right === ':') {
        return 0;
    }
    if (left === '..' || right === '..') {
        return marks.wide.has(left === '..' ? a.start : b.start) ? 1 : 0;
    }
    // blocks side by side
    return left === '}' && b.kind === 'ident' && b.text !== 'else' ? 2 : 1;
}
