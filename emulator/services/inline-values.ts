/** Inline values: the variables whose values an editor shows beside the code while a run is stopped. */
import type { Program } from '../language/program';
import type { Span } from '../language/syntax/ast';
import { childrenOf, isKind, isWord, placeAt, type Node } from './nodes';

/** A mention of a variable. Its value at the stop is that of the expression. */
export interface InlineValue {
    readonly span: Span;
    readonly expression: string;
}

/**
 * The variables of the innermost code around a stop, from its beginning to the line of the stop, each once a line.
 * @param stopped the offset of the statement that is executed next
 * @param lineOf the line of an offset
 */
export function inlineValues(
    program: Program,
    uri: string,
    within: Span,
    stopped: number,
    lineOf: (offset: number) => number,
): InlineValue[] {
    const file = program.files.get(uri);
    const place = file && placeAt(file, stopped);
    const around = place && [place.node, ...place.above].find(holdsVariables);
    if (!around) {
        return [];
    }
    const found = new Map<string, InlineValue>();
    const last = lineOf(stopped);
    const parameters = parametersOf(around);
    const visit = (node: Node): void => {
        const line = lineOf(node.start);
        if (line > last || node.end < within.start || node.start > within.end) {
            return;
        }
        const name = isKind(node, 'ident') || isKind(node, 'name') ? node.name : undefined;
        const key = `${line} ${name ?? ''}`;
        if (name !== undefined && !found.has(key) && (parameters.has(node) || isVariable(program, node))) {
            found.set(key, { span: { start: node.start, end: node.end }, expression: name });
        }
        // other code has variables of its own
        childrenOf(node)
            .filter((child) => !holdsVariables(child))
            .forEach(visit);
    };
    childrenOf(around).forEach(visit);
    return [...found.values()].sort((a, b) => a.span.start - b.span.start);
}

/** Whether a node is code with variables of its own: a process has those of all its blocks. */
function holdsVariables(node: Node): boolean {
    if (!('kind' in node)) {
        return false;
    }
    switch (node.kind) {
        case 'scenario':
        case 'fn':
        case 'callback':
        case 'init':
        case 'in':
            return true;
        case 'process':
            return node.body !== undefined;
        default:
            return false;
    }
}

function isVariable(program: Program, node: Node): boolean {
    const meaning = isWord(node) ? program.names.get(node)?.kind : undefined;
    return meaning === 'local' || meaning === 'process-var' || meaning === 'kind-field';
}

/** Parameters have no meaning of their own where they are declared. */
function parametersOf(node: Node): ReadonlySet<Node> {
    return new Set(isKind(node, 'fn') ? node.params.map((p) => p.name) : isKind(node, 'callback') ? node.params : []);
}
