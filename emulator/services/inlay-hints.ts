/** Inlay hints: the values of constant expressions, and the parameters of arguments. */
import type { Program } from '../language/program';
import type { CallExpr, Span } from '../language/syntax/ast';
import { isInt } from '../language/values';
import { exactSize } from '../text/text';
import { childrenOf, isKind, type Node } from './nodes';
import { REPLY } from './signatures';

export interface InlayHint {
    readonly offset: number;
    readonly text: string;
    readonly kind: 'value' | 'parameter';
}

export interface HintOptions {
    readonly constants: boolean;
    readonly arguments: boolean;
}

export function inlayHints(program: Program, uri: string, within: Span, options: HintOptions): InlayHint[] {
    const hints: InlayHint[] = [];
    const visit = (node: Node): void => {
        if (node.end < within.start || node.start > within.end) {
            return;
        }
        if (options.constants && isKind(node, 'const') && node.value.kind !== 'int' && node.value.kind !== 'string') {
            const value = program.constValues.get(node)?.value;
            if (value !== undefined && isInt(value)) {
                const size = exactSize(value);
                const text = ` = ${size.endsWith('iB') ? size : String(value)}`;
                hints.push({ offset: node.value.end, text, kind: 'value' });
            }
        }
        if (options.arguments && isKind(node, 'call')) {
            hints.push(...ofCall(program, node));
        }
        childrenOf(node).forEach(visit);
    };
    program.files.get(uri)?.items.forEach(visit);
    return hints.sort((a, b) => a.offset - b.offset);
}

/** The hint is for literals by position, whose meaning does not show; names and single arguments need none. */
function ofCall(program: Program, { callee, args }: CallExpr): InlayHint[] {
    const member = isKind(callee, 'member') ? program.members.get(callee) : undefined;
    const meaning = isKind(callee, 'name') ? program.names.get(callee) : undefined;
    const native = member?.kind === 'method' ? member.method : meaning?.kind === 'native' ? meaning.native : undefined;
    const names =
        native?.params.filter((p) => p.name !== REPLY && p.rest !== true).map((p) => p.name) ??
        (meaning?.kind === 'fn' ? meaning.decl.params.map((p) => p.name.name) : []);
    if (names.length < 2 || args.length < 2) {
        return [];
    }
    return args.flatMap((arg, i) => {
        const name = names[i];
        const literal = arg.value.kind === 'int' || arg.value.kind === 'string' || arg.value.kind === 'bool';
        return arg.name || name === undefined || !literal
            ? []
            : [{ offset: arg.start, text: `${name}: `, kind: 'parameter' as const }];
    });
}
