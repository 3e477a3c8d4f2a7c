/** The layouts of structs in memory. */
import { changeTo } from '../check-finding';
import { Layouts } from '../layouts';
import type { StructDecl } from '../syntax/ast';
import type { Value } from '../types';
import { newContext } from './code';
import { fold } from './fold';
import type { ProgramBuilder } from './program-builder';
import { describeType } from './types-of';

export function checkStructs(program: ProgramBuilder): void {
    const at = (decl: object): string => program.uriOf.get(decl) ?? '';
    const layouts = new Layouts({
        struct: (name) => program.structDecls.get(name),
        known: (name) => program.std?.structs.get(name),
        structNames: () => program.structDecls.keys(),
        constant: (e) => {
            const value: Value = fold(program, '', e);
            return typeof value === 'number' ? value : undefined;
        },
        error: (decl, code, span, message, replacement) =>
            program.report(
                'error',
                code,
                at(decl),
                span,
                message,
                replacement === undefined ? undefined : { fix: changeTo(span, replacement) },
            ),
        resolved: (name, decl) => program.names.set(name, { kind: 'struct', decl }),
    });
    for (const [name, decl] of program.structDecls) {
        checkLengths(program, decl, at(decl));
        program.structs.set(name, layouts.of(decl));
    }
}

/** Lengths and bit counts of a struct's fields are constant integers. */
function checkLengths(program: ProgramBuilder, decl: StructDecl, uri: string): void {
    for (const e of decl.fields.flatMap((f) => [f.type.bits, f.type.length])) {
        if (!e || e.kind === 'error') {
            continue;
        }
        const type = newContext(program, { uri, span: decl, context: 'any' }).expr(e);
        if (typeof fold(program, uri, e) !== 'number' && type.k === 'int') {
            program.report('error', 'LU0312', uri, e, 'A length must be a constant: a number or a `const`.');
        } else if (type.k !== 'int' && type.k !== 'any') {
            program.report('error', 'LU0312', uri, e, `A length must be an integer, not ${describeType(type)}.`);
        }
    }
}
