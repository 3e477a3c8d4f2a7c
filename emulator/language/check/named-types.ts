/** The types in annotations of parameters and of the fields of file kinds. */
import type { TypeExpr } from '../syntax/ast';
import { ANY, objectOf, type Type } from '../types';
import { quoted, type ProgramBuilder } from './program-builder';
import { SIMPLE_TYPES, simpleType } from './types-of';

/** The type in the annotation of a parameter or of a field of a file kind. */
export function typeNamed(program: ProgramBuilder, uri: string, t: TypeExpr): Type {
    const { name } = t.name;
    if (name === 'phys' && t.target) {
        return { k: 'phys', to: t.target.name };
    }
    const simple = simpleType(name);
    if (simple) {
        return simple;
    }
    const struct = program.structDecl(name);
    if (struct) {
        program.names.set(t.name, { kind: 'struct', decl: struct });
    }
    if (program.layout(name)) {
        return { k: 'view', struct: name };
    }
    const file = program.fileKind(name);
    if (file) {
        program.names.set(t.name, { kind: 'file', decl: file });
        return { k: 'kind', name };
    }
    if (program.natives.objects.has(name)) {
        return objectOf(name);
    }
    if (name !== '') {
        program.unknown('LU0211', uri, t.name, name, `There is no type ${quoted(name)}.`, [
            ...SIMPLE_TYPES,
            ...program.structDecls.keys(),
            ...program.fileKinds.keys(),
            ...program.natives.objects.keys(),
        ]);
    }
    return ANY;
}
