/** `new nic(queues: 2)`: the program declares the file kind, and the arguments are its fields. */
import { changeTo } from '../check-finding';
import { near } from '../nearest';
import type { NewExpr } from '../syntax/ast';
import { ANY, type Type } from '../types';
import type { CodeContext } from './context';
import { typeOfKindField } from './names';
import { quoted } from './program-builder';
import { assignable, describeType } from './types-of';

/** `new nic(queues: 2)` */
export function constructType(c: CodeContext, e: NewExpr): Type {
    const { name } = e.name;
    const file = c.program.fileKind(name);
    c.require('kernel', e, quoted('new'));
    if (!file) {
        for (const a of e.args) {
            c.expr(a.value);
        }
        if (name !== '') {
            const builtin = c.program.natives.fileKinds.has(name);
            c.unknown(
                'LU0217',
                e.name,
                name,
                builtin
                    ? `\`new\` cannot create files of kind ${quoted(name)}. Only system calls of the kernel create them.`
                    : `There is no file kind ${quoted(name)}. Declare it with \`file ${name} { }\`.`,
                [...c.program.fileKinds.keys()],
            );
        }
        return ANY;
    }
    c.mean(e.name, { kind: 'file', decl: file });
    const seen = new Set<string>();
    for (const a of e.args) {
        const type = c.expr(a.value);
        if (!a.name) {
            c.error(
                'LU0306',
                a,
                `Name the field of this value: \`new ${name}(${file.fields[0]?.name.name ?? 'field'}: …)\`.`,
            );
            continue;
        }
        const field = a.name.name;
        const i = file.fields.findIndex((f) => f.name.name === field);
        if (i < 0) {
            const nearest = near(
                field,
                file.fields.map((f) => f.name.name),
            );
            c.report(
                'error',
                'LU0306',
                a.name,
                `A file of kind ${quoted(name)} has no field ${quoted(field)}.${nearest === undefined ? '' : ` Did you mean ${quoted(nearest)}?`}`,
                nearest === undefined ? undefined : changeTo(a.name, nearest),
            );
            continue;
        }
        if (seen.has(field)) {
            c.error('LU0307', a, `${quoted(field)} is given twice. Remove one of them.`);
        }
        seen.add(field);
        const wanted = typeOfKindField(c, name, i);
        if (!assignable(type, wanted)) {
            c.error(
                'LU0301',
                a.value,
                `${quoted(field)} of ${quoted(name)} must be ${describeType(wanted)}, not ${describeType(type)}.`,
            );
        }
    }
    return { k: 'kind', name };
}
