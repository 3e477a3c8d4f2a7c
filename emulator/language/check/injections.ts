/** `inject EIO into memfd.freeze`: the target exists, and the answer fits it. */
import { listed } from '../../text/text';
import { ERRNO, isErrnoName } from '../../kernel/release/errno';
import type { Callback, InjectStmt } from '../syntax/ast';
import type { CallbackShape } from '../natives';
import { missingLayer } from './layer-rules';
import { quoted, type ProgramBuilder } from './program-builder';
import { changeTo, replaceWith } from '../check-finding';

interface Target {
    readonly callbacks: readonly Callback[];
    readonly shapes: ReadonlyMap<string, CallbackShape>;
}

export function checkInjection(program: ProgramBuilder, uri: string, s: InjectStmt): void {
    const { what, target, callback } = s;
    const no = what.name === 'no';
    if (!no && what.name !== '' && !isErrnoName(what.name)) {
        program.unknown(
            'LU0214',
            uri,
            what,
            what.name,
            `There is no error ${quoted(what.name)}. To make a \`can_…\` callback refuse, inject \`no\`.`,
            [...Object.keys(ERRNO), 'no'],
        );
    }
    if (s.point && no) {
        program.report(
            'error',
            'LU0411',
            uri,
            what,
            'Only a `can_…` callback takes `no`. `should_fail()` returns an error number: `inject EIO into "…"`.',
            { fix: changeTo(what, 'EIO') },
        );
    }
    if (target.name === '' || s.point) {
        return;
    }
    if (!callback) {
        plainTarget(program, uri, s, no);
        return;
    }
    const found = targetOf(program, s);
    if (!found) {
        program.unknown(
            'LU0212',
            uri,
            target,
            target.name,
            `There is no handler, FLB or file kind ${quoted(target.name)}.${missingLayer(target.name)}`,
            [...program.declared('handlers'), ...program.declared('flbs'), ...program.fileKinds.keys()],
        );
        return;
    }
    const shape = found.shapes.get(callback.name);
    const has = found.callbacks.some((c) => c.name.name === callback.name);
    if (callback.name !== '' && (!shape || !has)) {
        program.unknown(
            'LU0216',
            uri,
            callback,
            callback.name,
            shape
                ? `${quoted(target.name)} has no callback ${quoted(callback.name)}, so the injection has no effect.`
                : `There is no callback ${quoted(callback.name)}.`,
            found.callbacks.map((c) => c.name.name),
        );
        return;
    }
    if (shape?.result.k === 'none') {
        program.report(
            'error',
            'LU0411',
            uri,
            callback,
            `${quoted(`${target.name}.${callback.name}`)} gives nothing back (\`void\` in the kernel), so it cannot fail: nobody would be told.`,
            { fix: replaceWith('Remove the injection', s, '') },
        );
        return;
    }
    if (shape && (shape.result.k === 'bool') !== no && (no || isErrnoName(what.name))) {
        program.report(
            'error',
            'LU0411',
            uri,
            what,
            no
                ? `Only a \`can_…\` callback takes \`no\`. ${quoted(callback.name)} fails with an error: \`inject EIO into ${target.name}.${callback.name}\`.`
                : `${quoted(callback.name)} returns a boolean. Write \`inject no into ${target.name}.${callback.name}\`.`,
            { fix: changeTo(what, no ? 'EIO' : 'no') },
        );
    }
}

function plainTarget(program: ProgramBuilder, uri: string, s: InjectStmt, no: boolean): void {
    const { target, what } = s;
    if (program.natives.injectionPoints.has(target.name)) {
        if (no) {
            program.report(
                'error',
                'LU0411',
                uri,
                what,
                `Only a \`can_…\` callback takes \`no\`. ${quoted(target.name)} fails with an error: \`inject ENOMEM into ${target.name}\`.`,
                { fix: changeTo(what, 'ENOMEM') },
            );
        }
        return;
    }
    const found = targetOf(program, s);
    if (found) {
        const names = found.callbacks.map((c) => c.name.name);
        program.report(
            'error',
            'LU0212',
            uri,
            target,
            `Name the callback that fails: ${listed(
                names.map((n) => quoted(`${target.name}.${n}`)),
                'or',
            )}.`,
        );
        return;
    }
    program.unknown('LU0212', uri, target, target.name, `There is no injection point ${quoted(target.name)}.`, [
        ...program.natives.injectionPoints.keys(),
        ...program.declared('handlers'),
        ...program.declared('flbs'),
    ]);
}

function targetOf(program: ProgramBuilder, s: InjectStmt): Target | undefined {
    const { name } = s.target;
    const { callbacks } = program.natives;
    const handler = program.handler(name);
    if (handler) {
        program.names.set(s.target, { kind: 'handler', decl: handler });
        return { callbacks: handler.callbacks, shapes: callbacks.handler };
    }
    const flb = program.flb(name);
    if (flb) {
        program.names.set(s.target, { kind: 'flb', decl: flb });
        return { callbacks: flb.callbacks, shapes: callbacks.flb };
    }
    const file = program.fileKind(name);
    if (file) {
        program.names.set(s.target, { kind: 'file', decl: file });
        return { callbacks: file.callbacks, shapes: callbacks.file };
    }
    return undefined;
}
