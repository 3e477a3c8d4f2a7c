/** Natives of the emulated host, and what they may ask of it. */
import type { FieldShape } from '../../language/natives';
import type { Host } from '../host/host';
import type { NativeFieldOn, NativeFunctionOn, NativeGlobalOn, NativesOn, ObjectTypeOn } from '../native';

export type NativeFunction = NativeFunctionOn<Host>;
export type NativeField = NativeFieldOn<Host>;
export type ObjectType = ObjectTypeOn<Host>;
export type NativeGlobal = NativeGlobalOn<Host>;
export type Natives = NativesOn<Host>;

/**
 * The native field behind a shape.
 * @throws RangeError where the program was checked against shapes that nothing stands behind
 */
export function nativeField(shape: FieldShape): NativeField {
    if (isField(shape)) {
        return shape;
    }
    throw new RangeError(`nothing stands behind the field ${shape.name}`);
}

function isField(shape: FieldShape): shape is NativeField {
    return 'get' in shape;
}
