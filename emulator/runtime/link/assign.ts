/** Creates the closures for assignments. */
import type { Value } from '../../language/types';
import { format, ProgramError } from '../../language/values';
import type { Frame } from '../code';
import type { Assignable } from '../form/form';
import { setKindField } from '../host/callbacks';
import { setProcessVar } from '../host/processes';
import { writeIndex, writeMember } from '../members';
import { View } from '../view';
import { linkExpression } from './expressions';
import type { Linkage } from './linkage';

export type Store = (f: Frame, value: Value) => void;

export function linkStore(l: Linkage, target: Assignable): Store {
    const { host } = l;
    switch (target.k) {
        case 'slot': {
            const { slot } = target;
            return (f, value) => {
                f.slots[slot] = value;
            };
        }
        case 'variable': {
            const { process, name } = target;
            return (_f, value) => setProcessVar(host, process, name, value);
        }
        case 'own-field': {
            const { index } = target;
            return (f, value) => {
                if (f.self) {
                    setKindField(host, f.self, index, value);
                }
            };
        }
        case 'struct-field':
            return linkStructField(l, target);
        case 'member': {
            const { name } = target;
            const object = l.writing(linkExpression(l, target.object));
            return (f, value) => writeMember(host, object(f), name, value);
        }
        case 'element': {
            const object = l.writing(linkExpression(l, target.object));
            const index = linkExpression(l, target.index);
            return (f, value) => writeIndex(object(f), index(f), value);
        }
    }
}

function linkStructField(l: Linkage, target: Extract<Assignable, { readonly k: 'struct-field' }>): Store {
    const name = target.field;
    const layout = l.layout(target.struct);
    const field = layout?.byName.get(name);
    if (!field) {
        throw new RangeError(`there is no field ${target.struct}.${name}`);
    }
    const object = l.writing(linkExpression(l, target.object));
    return (f, value) => {
        const v = object(f);
        if (!(v instanceof View)) {
            throw new ProgramError(`this is not a struct: ${format(v)}`);
        }
        v.set(v.layout === layout ? field : v.field(name), value);
    };
}
