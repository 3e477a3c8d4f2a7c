/**
 * Natives by name: `memfd_create`, `fd.preserve_fd`, `luo_session.name`. Members are qualified with their type.
 */
import type { FieldShape, FunctionShape, NativeShapes } from '../../language/natives';

const known = new WeakMap<NativeShapes, ReadonlyMap<FunctionShape | FieldShape, string>>();

function namesIn(natives: NativeShapes): ReadonlyMap<FunctionShape | FieldShape, string> {
    const names = new Map<FunctionShape | FieldShape, string>();
    for (const f of natives.functions.values()) {
        names.set(f, f.name);
    }
    for (const type of [natives.fd, ...natives.objects.values()]) {
        for (const member of [...type.fields.values(), ...type.methods.values()]) {
            // types share members: the first type qualifies the name
            if (!names.has(member)) {
                names.set(member, `${type.name}.${member.name}`);
            }
        }
    }
    return names;
}

/** The name of a native that a program was checked with. @throws RangeError if it is none of these */
export function nameOfNative(natives: NativeShapes, native: FunctionShape | FieldShape): string {
    let names = known.get(natives);
    if (!names) {
        names = namesIn(natives);
        known.set(natives, names);
    }
    const name = names.get(native);
    if (name === undefined) {
        throw new RangeError(`the program was not checked with the native ${native.name}`);
    }
    return name;
}

/** Type and name of a member; undefined for a function. */
export function memberPath(name: string): { readonly type: string; readonly member: string } | undefined {
    const at = name.indexOf('.');
    return at < 0 ? undefined : { type: name.slice(0, at), member: name.slice(at + 1) };
}
