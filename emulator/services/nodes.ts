/** The nodes of a syntax tree by their place in the text, in broken files, too. */
import type {
    Arg,
    Block,
    Callback,
    Expectation,
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

/** Whatever has a place of its own in a file. */
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
    | Expectation
    | Expr
    | Arg
    | Ident;

/** A node, and the nodes that it lies in, the innermost first. */
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

/** True for the names that things are called by, and those by which they are meant. */
export function isWord(node: Node | undefined): node is Ident | NameExpr {
    return isKind(node, 'ident') || isKind(node, 'name');
}

/** The nodes right below a node. */
export function childrenOf(node: Node): Node[] {
    const found: Node[] = [];
    // What has no place itself (a list, an option of an entry) is looked through.
    const look = (value: unknown): void => {
        if (typeof value !== 'object' || value === null) {
            return;
        }
        if (isNode(value)) {
            found.push(value);
        } else {
            valuesOf(value).forEach(look);
        }
    };
    valuesOf(node).forEach(look);
    return found;
}

/**
 * The innermost node at an offset; undefined if no declaration is. Between two nodes that touch, the one that begins
 * there is meant; behind the last letter of a name, the name.
 */
export function placeAt(file: SourceFile, offset: number): Place | undefined {
    const path: Node[] = [];
    for (let node = nearest(file.items, offset); node; node = nearest(childrenOf(node), offset)) {
        path.unshift(node);
    }
    const [node, ...above] = path;
    return node && { node, above };
}

/** Every node of a file that has no node below it. */
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
