/** The names in scope at a statement. */
import type { Type } from '../types';
import type { CodeContext } from './context';
import { typeOfKindField } from './names';
import type { ProbedScope, VisibleName } from './probe';

export function scopeOf(c: CodeContext): ProbedScope {
    const { unit, flow, process } = c;
    const names = new Map<string, VisibleName>();
    const add = (name: string, type: Type): void => {
        if (name !== '' && !names.has(name)) {
            names.set(name, { name, type });
        }
    };
    for (const name of c.vars.visible()) {
        add(name, c.vars.find(name)?.type ?? { k: 'any' });
    }
    const own = process === undefined ? undefined : flow.procs.get(process)?.vars;
    for (const v of own?.values() ?? []) {
        add(v.name, v.type);
    }
    unit.fileKind?.fields.forEach((f, i) => {
        add(f.name.name, typeOfKindField(c, unit.fileKind?.name.name ?? '', i));
    });
    return {
        context: c.context,
        process,
        inLoop: c.loops > 0,
        returns: unit.result !== undefined && process === undefined,
        names: [...names.values()],
        processes: new Map([...flow.procs].map(([name, p]) => [name, p.status])),
        processVars: new Map(
            [...flow.procs].map(([name, p]) => [
                name,
                [...p.vars.values()].map((v) => ({ name: v.name, type: v.type })),
            ]),
        ),
        beforeBoot: flow.kernel === 0,
    };
}
