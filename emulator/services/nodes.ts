/** The nodes of a syntax tree by their place in the text, also in files with errors. */
import type {
    Arg,
    Block,
    Callback,
    Expectation,
    ExploreEntry,
    Expr,
    Ident,
    Item,
    KernelEntry,
    KindField,
    MachineEntry,
    NameExpr,
    Param,
    SourceFile,
    Stmt,
    StructField,
    TypeExpr,
} from '../language/syntax/ast';

/** Anything with its own span in a file. */
export type Node =
    | Item
    | MachineEntry
    | StructField
    | KindField
    | TypeExpr
    | Callback
    | Param
    | KernelEntry
    | Block
    | Stmt
    | ExploreEntry
    | Expectation
    | Expr
    | Arg
    | Ident;

/** A node and its ancestors, the innermost first. */
export interface Place {
    readonly node: Node;
    readonly above: readonly Node[];
}

function isNode(value: object): value is Node {
    return 'start' in value && 'end' in value;
}

function valuesOf(object: object): readonly unknown[] {
    return Object.values(object);
}

/** True for a node of this kind. */
export function isKind<K extends Extract<Node, { readonly kind: string }>['kind']>(
    node: Node | undefined,
    kind: K,
): node is Extract<Node, { readonly kind: K }> {
    return node !== undefined && 'kind' in node && node.kind === kind;
}

/** True for names in declarations and for names that refer to them. */
export function isWord(node: Node | undefined): node is Ident | NameExpr {
    return isKind(node, 'ident') || isKind(node, 'name');
}

/** The children of a node. */
export function childrenOf(node: Node): Node[] {
    const found: Node[] = [];
    collect(node, found);
    return found;
}

/** Values without a span (a list, an option of an entry) are replaced by their children. */
function collect(object: object, found: Node[]): void {
    for (const value of valuesOf(object)) {
        if (typeof value !== 'object' || value === null) {
            continue;
        }
        if (isNode(value)) {
            found.push(value);
        } else {
            collect(value, found);
        }
    }
}

/**
 * The innermost node at an offset; undefined outside declarations. Between two adjacent nodes it is the one that begins
 * at the offset; after the last letter of a name it is the name.
 */
export function placeAt(file: SourceFile, offset: number): Place | undefined {
    const path: Node[] = [];
    for (let node = nearest(file.items, offset); node; node = nearest(childrenOf(node), offset)) {
        path.unshift(node);
    }
    const [node, ...above] = path;
    return node && { node, above };
}

/** All nodes of a file without children. */
export function forEachLeaf(file: SourceFile, visit: (leaf: Place) => void): void {
    const below = (node: Node, above: readonly Node[]): void => {
        const children = childrenOf(node);
        if (children.length === 0) {
            visit({ node, above });
            return;
        }
        const path = [node, ...above];
        for (const child of children) {
            below(child, path);
        }
    };
    for (const item of file.items) {
        below(item, []);
    }
}

function nearest(nodes: readonly Node[], offset: number): Node | undefined {
    return (
        nodes.find((n) => n.start <= offset && offset < n.end) ??
        nodes.findLast((n) => n.start <= offset && offset <= n.end)
    );
}
