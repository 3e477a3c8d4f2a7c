/** Types, functions and callbacks in source notation, for the library page and for hovers. */
import type { CallbackShape, FunctionShape, NativeParam } from '../language/natives';
import type { Type } from '../language/types';
import { format } from '../language/values';

/** Given after a call, `with readonly_reply`, and not as an argument. */
export const REPLY = 'readonly_reply';

export function typeText(t: Type): string {
    switch (t.k) {
        case 'list':
            return t.of.k === 'any' ? 'list' : `list of ${typeText(t.of)}`;
        case 'phys':
            return t.to === undefined ? 'phys' : `phys ${t.to}`;
        case 'view':
            return t.struct;
        case 'object':
        case 'kind':
            return t.name;
        case 'decl':
            return t.of === 'file' ? 'file kind' : t.of;
        default:
            return t.k;
    }
}

/** `: int`, or nothing if the type is unknown. */
export function annotation(t: Type | undefined): string {
    return t === undefined || t.k === 'any' ? '' : `: ${typeText(t)}`;
}

export function parameterText(p: NativeParam): string {
    const fallback = p.default === undefined ? '' : ` = ${format(p.default)}`;
    return p.rest ? `${p.name}…` : `${p.name}${annotation(p.type)}${fallback}`;
}

/** `truncate(length: int)`, `pread(length: int, at: int = 0) → bytes` */
export function functionText(f: FunctionShape): string {
    const params = f.params.filter((p) => p.name !== REPLY).map(parameterText);
    const ofArg = f.resultOfArg === undefined ? undefined : f.params[f.resultOfArg]?.name;
    const one = ofArg === undefined ? typeText(f.result) : `a ${ofArg}`;
    const result = ofArg !== undefined && f.result.k === 'list' ? `list of ${one}` : one;
    return `${f.name}(${params.join(', ')})${f.result.k === 'none' && ofArg === undefined ? '' : ` → ${result}`}`;
}

/** `preserve(args)` */
export function callbackText(name: string, { params }: Pick<CallbackShape, 'params'>): string {
    return `${name}(${params.map((p) => p.name).join(', ')})`;
}
