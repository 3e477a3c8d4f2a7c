/** Links in a file: from strings to imported files and memory images, from codes to the documentation of findings. */
import type { Program } from '../language/program';
import { isBeside, uriBeside } from '../language/paths';
import type { Span } from '../language/syntax/ast';
import { Declarations } from './declarations';
import { pageOfCode, type DocPlace } from './documentation';
import { childrenOf, isKind, type Node } from './nodes';

export interface Link {
    readonly span: Span;
    readonly target: { readonly uri: string } | DocPlace;
}

export function linksIn(program: Program, uri: string): Link[] {
    const links: Link[] = [];
    const known = Declarations.of(program);
    const inside = ({ start, end }: Span): Span => ({ start: start + 1, end: end - 1 });
    const visit = (node: Node): void => {
        if (isKind(node, 'import')) {
            const target = known.imported(uri, node);
            if (target !== undefined) {
                links.push({ span: inside(node.path), target: { uri: target } });
            }
        } else if (isKind(node, 'boot') && node.image && isBeside(node.image.value)) {
            links.push({ span: inside(node.image), target: { uri: uriBeside(uri, node.image.value) } });
        } else if (isKind(node, 'scenario')) {
            for (const code of node.finds ?? []) {
                const page = pageOfCode(code.name);
                if (page) {
                    links.push({ span: { start: code.start, end: code.end }, target: page });
                }
            }
        }
        childrenOf(node).forEach(visit);
    };
    program.files.get(uri)?.items.forEach(visit);
    return links;
}
