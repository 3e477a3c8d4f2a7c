/** The texts in TypeScript sources, found in their syntax trees: whole messages, not the pieces of them. */
import type { Expression, Node, SourceFile } from 'typescript/unstable/ast';
import type { Text } from './text';

type Ast = typeof import('typescript/unstable/ast');

const CODE = /\bLU\d{4}\b/;

/** @returns the text that the expression gives; undefined if it contains no string literal */
function textOf(ast: Ast, node: Node): string | undefined {
    if (ast.isStringLiteral(node) || ast.isNoSubstitutionTemplateLiteral(node)) {
        return node.text;
    }
    if (ast.isTemplateExpression(node)) {
        return node.head.text + node.templateSpans.map((s) => partOf(ast, s.expression) + s.literal.text).join('');
    }
    if (ast.isParenthesizedExpression(node)) {
        return textOf(ast, node.expression);
    }
    const parts = operandsOf(ast, node);
    if (parts.every((p) => textOf(ast, p) === undefined)) {
        return undefined;
    }
    const [left, right] = parts.map((p) => partOf(ast, p));
    return ast.isConditionalExpression(node) ? `(${left} | ${right})` : `${left}${right}`;
}

/** Both sides of a sum, or both branches of a condition. */
function operandsOf(ast: Ast, node: Node): Expression[] {
    if (ast.isConditionalExpression(node)) {
        return [node.whenTrue, node.whenFalse];
    }
    return ast.isBinaryExpression(node) && node.operatorToken.kind === ast.SyntaxKind.PlusToken
        ? [node.left, node.right]
        : [];
}

function partOf(ast: Ast, node: Expression): string {
    return textOf(ast, node) ?? `\${${node.getText().replace(/\s+/g, ' ')}}`;
}

/** The expressions around a node up to its statement, innermost first. */
function around(ast: Ast, node: Node): Node[] {
    const found: Node[] = [];
    for (let at = node.parent; at !== undefined && !ast.isStatement(at); at = at.parent) {
        found.push(at);
    }
    return found;
}

function roleOf(ast: Ast, node: Node): string {
    for (const at of around(ast, node)) {
        if (ast.isCallExpression(at)) {
            const called = at.expression;
            return ast.isPropertyAccessExpression(called) ? called.name.text : called.getText();
        }
        if (ast.isNewExpression(at)) {
            return `new ${at.expression.getText()}`;
        }
        if (ast.isPropertyAssignment(at) || ast.isVariableDeclaration(at)) {
            return at.name.getText();
        }
    }
    return '';
}

/** The code of the finding that a text belongs to: the key of its entry in a table, or a part of the same call. */
function codeOf(ast: Ast, node: Node): string {
    const above = around(ast, node);
    const key = above.find((at) => ast.isPropertyAssignment(at) && CODE.test(at.name.getText()));
    if (key !== undefined && ast.isPropertyAssignment(key)) {
        return key.name.getText();
    }
    const holder = above.find(
        (at) => (ast.isCallExpression(at) || ast.isObjectLiteralExpression(at)) && CODE.test(at.getText()),
    );
    return CODE.exec(holder?.getText() ?? '')?.[0] ?? '';
}

/** All texts of a source file, in their order. @param file its path from the repository's root */
export function textsOfTypeScript(ast: Ast, file: string, source: SourceFile): Text[] {
    const found: Text[] = [];
    const visit = (node: Node): undefined => {
        // The specifier of an import is not a text, and neither is a type.
        if (ast.isImportDeclaration(node) || ast.isExportDeclaration(node) || ast.isTypeNode(node)) {
            return;
        }
        const text = textOf(ast, node);
        if (text === undefined) {
            node.forEachChild(visit);
            return;
        }
        const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
        found.push({ file, line, role: roleOf(ast, node), code: codeOf(ast, node), text });
        within(node);
    };
    // Strings inside of what a message inserts, such as the noun that is counted, are texts of their own.
    const within = (node: Node): undefined => {
        node.forEachChild((child) => {
            if (ast.isTemplateSpan(child) || textOf(ast, child) !== undefined) {
                within(child);
            } else {
                visit(child);
            }
            return undefined;
        });
    };
    visit(source);
    return found;
}
