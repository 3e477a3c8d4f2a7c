/** Completions after a dot. */
import type { FieldShape, FunctionShape, ObjectShape } from '../../language/natives';
import type { MemberExpr } from '../../language/syntax/ast';
import type { Type } from '../../language/types';
import { isKind } from '../nodes';
import { descriptorKinds, kindOf } from './descriptors';
import { RANK, type Offer } from './offer';
import type { Situation } from './situation';
import { callSnippet } from './snippets';
import type { Usage } from './usage';
import { CALLS_OF, MEMBERS, orderIn } from './usual';

export function memberOffers(s: Situation, e: MemberExpr, usage: Usage): Offer[] {
    const type = s.program.types.get(e.object) ?? { k: 'any' };
    const usual = usualOf(s, e, type);
    const rank = (name: string): number => RANK.usual + 2 * orderIn(usual, name) - usage.bonus(name, '.');
    const table = tableOf(s, type);
    const called = isKind(s.place?.above[1], 'call') || s.text[s.span.end] === '(';
    return [...fieldsOf(s, type, (name) => rank(name) - 50), ...(table ? ofTable(table, rank, called) : [])];
}

function usualOf(s: Situation, e: MemberExpr, type: Type): readonly string[] {
    if (type.k === 'fd') {
        return CALLS_OF[kindOf(e.object, descriptorKinds(s)) ?? ''] ?? CALLS_OF['memfd'] ?? [];
    }
    return type.k === 'object' ? (MEMBERS[type.name] ?? []) : [];
}

function ofTable(table: ObjectShape, rank: (name: string) => number, called: boolean): Offer[] {
    const owner = table.name;
    return [
        ...[...table.fields.values()].map((field: FieldShape): Offer => {
            return {
                label: field.name,
                kind: 'field',
                rank: rank(field.name),
                subject: { kind: 'field', field, owner },
            };
        }),
        ...[...table.methods.values()].map((native: FunctionShape): Offer => {
            const offer: Offer = {
                label: native.name,
                kind: 'method',
                rank: rank(native.name),
                subject: { kind: 'native', native, owner },
            };
            return called ? offer : { ...offer, snippet: callSnippet(native) };
        }),
    ];
}

/** Fields of structs and file kinds that are declared, and variables of processes. */
function fieldsOf(s: Situation, type: Type, rank: (name: string) => number): Offer[] {
    const { program, scope } = s;
    if (type.k === 'view') {
        const layout = program.structs.get(type.struct);
        return (layout?.fields ?? []).map(({ name }, i) => {
            const subject = { kind: 'struct field', struct: type.struct, name } as const;
            return { label: name, kind: 'field', rank: rank(name) - 100 + i, subject };
        });
    }
    if (type.k === 'kind') {
        const file = program.fileKinds.get(type.name);
        return (file?.fields ?? []).flatMap(({ name: { name } }, i) =>
            file
                ? [
                      {
                          label: name,
                          kind: 'field',
                          rank: rank(name) - 100 + i,
                          subject: { kind: 'file field', file, name },
                      },
                  ]
                : [],
        );
    }
    if (type.k === 'decl' && type.of === 'process') {
        const process = type.name;
        return (scope?.processVars.get(process) ?? []).map(({ name, type: of }) => {
            const subject = { kind: 'process variable', process, name, scope: '', type: of } as const;
            return { label: name, kind: 'process variable', rank: rank(name) - 100, subject };
        });
    }
    return [];
}

/** The native object that describes values of a type. */
function tableOf({ program: { natives } }: Situation, t: Type): ObjectShape | undefined {
    switch (t.k) {
        case 'fd':
            return natives.fd;
        case 'object':
            return natives.objects.get(t.name);
        case 'kind':
            return natives.objects.get('file');
        case 'decl':
            return natives.objects.get(t.of) ?? natives.objects.get(`luo_${t.of}`);
        default:
            return natives.objects.get(t.k);
    }
}
