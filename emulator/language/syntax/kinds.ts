/** Reads declarations with callbacks: file kinds, FLBs, handlers. */
import { insertAt } from '../check-finding';
import type { Callback, FileDecl, FlbDecl, HandlerDecl, Ident, KindField, StringLit } from './ast';
import type { Cursor } from './cursor';
import { parseExpr } from './expressions';
import { parseBlock } from './statements';
import { parseType } from './type-expressions';

export function parseFile(c: Cursor): FileDecl {
    const { start } = c.advance();
    const name = c.ident('the file kind');
    const path = c.acceptWord('at') ? c.stringLit('The path of the device file') : undefined;
    const fields: KindField[] = [];
    const callbacks: Callback[] = [];
    parseMembers(c, 'file kind', callbacks, (fieldName) => {
        const type = c.accept(':') ? parseType(c) : undefined;
        const init = c.accept('=') ? parseExpr(c, 'the initial value') : undefined;
        const f: KindField = { name: fieldName, start: fieldName.start, end: c.lastEnd };
        fields.push({ ...f, ...(type && { type }), ...(init && { init }) });
    });
    const d: FileDecl = { kind: 'file', name, fields, callbacks, start, end: c.lastEnd };
    return path ? { ...d, path } : d;
}

export function parseFlb(c: Cursor): FlbDecl {
    const { start } = c.advance();
    const name = c.ident('the FLB');
    const compatible = c.stringLit('The compatible string');
    const callbacks: Callback[] = [];
    parseMembers(c, 'FLB', callbacks);
    return { kind: 'flb', name, compatible, callbacks, start, end: c.lastEnd };
}

export function parseHandler(c: Cursor): HandlerDecl {
    const { start } = c.advance();
    const name = c.ident('the handler');
    const compatible: StringLit = c.stringLit('The compatible string');
    const forKind = c.acceptWord('for') ? c.ident('a file kind') : undefined;
    const uses = c.acceptWord('uses') ? c.idents('an FLB') : [];
    const callbacks: Callback[] = [];
    parseMembers(c, 'handler', callbacks);
    const d: HandlerDecl = { kind: 'handler', name, compatible, uses, callbacks, start, end: c.lastEnd };
    return forKind ? { ...d, forKind } : d;
}

/** Callbacks, and fields if there is a `field` that reads them. */
function parseMembers(c: Cursor, what: string, callbacks: Callback[], field?: (name: Ident) => void): void {
    if (!c.opens(what)) {
        return;
    }
    c.braced(what, () => {
        c.join();
        const name = c.ident(field ? 'a field or a callback' : 'a callback');
        if (name.name === '') {
            c.skipLine();
        } else if (c.is('(')) {
            callbacks.push(parseCallback(c, name));
            c.finish('callback');
        } else if (field) {
            field(name);
            c.finish('field');
        } else {
            c.errorHere(
                'LU0135',
                `The parameters of \`${name.name}\` are missing. Write \`${name.name}(args) { }\`.`,
                insertAt(name.end, '(args)'),
            );
            if (c.is('{')) {
                callbacks.push({
                    kind: 'callback',
                    name,
                    params: [],
                    body: parseBlock(c, 'callback'),
                    start: name.start,
                    end: c.lastEnd,
                });
            }
            c.finish('callback');
        }
    });
}

function parseCallback(c: Cursor, name: Ident): Callback {
    const params: Ident[] = [];
    c.bracketed(')', () => {
        while (c.isIdent()) {
            params.push(c.ident('a parameter'));
            c.accept(',');
        }
    });
    const body = parseBlock(c, `callback \`${name.name}\``);
    return { kind: 'callback', name, params, body, start: name.start, end: c.lastEnd };
}
