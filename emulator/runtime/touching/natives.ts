/** Natives that record what they read and write before they do it. */
import type { Host } from '../host/host';
import type { NativeField, NativeFunction, NativeGlobal, Natives, ObjectType } from '../natives/native';
import { DECLARED, type Access } from './declared';
import type { Touches } from './touches';

/** The same natives, which record their accesses. A native without a declaration records that it touches everything. */
export function recording(natives: Natives, touches: Touches): Natives {
    const known = new Map<ObjectType, ObjectType>();
    const typed = (type: ObjectType): ObjectType => {
        let found = known.get(type);
        if (!found) {
            found = {
                ...type,
                fields: mapped(type.fields, (f) => recordingField(f, `${type.name}.${f.name}`, touches)),
                methods: mapped(type.methods, (m) => recordingFunction(m, `${type.name}.${m.name}`, touches)),
            };
            known.set(type, found);
        }
        return found;
    };
    return {
        ...natives,
        functions: mapped(natives.functions, (f) => recordingFunction(f, f.name, touches)),
        objects: mapped(natives.objects, typed),
        globals: mapped(natives.globals, (g) => recordingGlobal(g, touches)),
        fd: typed(natives.fd),
        typeOf: (o) => {
            const type = natives.typeOf(o);
            return type && typed(type);
        },
    };
}

function mapped<T>(all: ReadonlyMap<string, T>, change: (one: T) => T): Map<string, T> {
    return new Map([...all].map(([name, one]) => [name, change(one)]));
}

function recordingFunction(native: NativeFunction, path: string, touches: Touches): NativeFunction {
    const { call } = native;
    if (!call) {
        return native;
    }
    const access = accessOf(path);
    return {
        ...native,
        call: (host: Host, args) => {
            access(touches, host, args);
            return call(host, args);
        },
    };
}

function recordingField(field: NativeField, path: string, touches: Touches): NativeField {
    const { get, set } = field;
    const read = accessOf(path);
    const write = accessOf(`${path}=`);
    return {
        ...field,
        get: (host: Host, object) => {
            read(touches, host, [object]);
            return get(host, object);
        },
        ...(set
            ? {
                  set: (host: Host, object: object, value) => {
                      write(touches, host, [object, value]);
                      set(host, object, value);
                  },
              }
            : {}),
    };
}

function recordingGlobal(global: NativeGlobal, touches: Touches): NativeGlobal {
    if (global.constant) {
        return global;
    }
    const { get } = global;
    const access = accessOf(global.name);
    return {
        ...global,
        get: (host: Host) => {
            access(touches, host, []);
            return get(host);
        },
    };
}

function accessOf(path: string): Access {
    return DECLARED.get(path) ?? ((touches) => touches.everything());
}
