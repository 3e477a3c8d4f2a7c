/** The functions that generated code of one program calls outside of itself: the same ones as its closures. */
import type { Err } from '../../kernel/release/errno';
import type { Value } from '../../language/types';
import type { Frame } from '../code';
import type { FieldOf, Outside } from '../generate/outside';
import { memberOf } from '../members';
import type { NativeField, NativeFunction, NativeGlobal } from '../natives/native';
import type { Operation } from '../form/form';
import type { Linkage } from './linkage';
import { outcomesOf } from './outcomes';

export class LinkedOutside implements Outside {
    constructor(private readonly linkage: Linkage) {}

    get host(): unknown {
        return this.linkage.host;
    }

    native(name: string): NativeFunction {
        return this.linkage.native(name);
    }

    field(name: string): NativeField {
        return this.linkage.field(name);
    }

    global(name: string): NativeGlobal | undefined {
        return this.linkage.host.natives.globals.get(name);
    }

    structField(struct: string, name: string): FieldOf | undefined {
        const layout = this.linkage.layout(struct);
        const field = layout?.byName.get(name);
        return layout && field && { layout, field };
    }

    methodOf(value: Value, name: string): NativeFunction | undefined {
        const member = memberOf(this.linkage.host, value, name);
        return member?.kind === 'method' ? member.method : undefined;
    }

    failure(
        o: Extract<Operation, { readonly op: 'native' | 'method' }>,
    ): (frame: Frame, error: Err, next: number) => number {
        return outcomesOf(this.linkage, o.span, o.slot, o.policy).failure;
    }
}
