/** Jumps from which the kernel comes back: which releases ask LUO before them, and what is said of it. */
import assert from 'node:assert/strict';
import { Diagnoses } from '../../../emulator/diagnosis/diagnoses';
import { Run } from '../../../emulator/run/run';
import { correctProgram } from '../../support/programs';
import { FOREVER } from '../../support/runs';

const text = (kernel: string): string => `
file gpu at "/dev/gpu" { }
handler gpus "gpu-v1" for gpu {
    can_preserve(file) { return file.kind == gpu }
    preserve(args)     { args.serialized_data = 1 }
    unpreserve(args)   { }
    freeze(args)       { }
    unfreeze(args)     { }
    retrieve(args)     { args.file = new gpu() }
    finish(args)       { }
}
kernel "k" from "${kernel}" { handlers + gpus }
scenario "s" {
    boot "k"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/gpu"), token: 1)
        kexec_load("k", preserve_context: true)
        reboot(KEXEC)
    }
}`;

suite('diagnoses: jumps', () => {
    for (const kernel of ['6.19', '7.0', '7.1', '7.2', '7.3']) {
        test(`what is found when ${kernel} is back from a jump with KEXEC_PRESERVE_CONTEXT`, () => {
            const { host } = Run.start(correctProgram(text(kernel)));
            let frozen = false;
            host.listeners.report({
                callbackEntered: ({ callback }) => {
                    frozen ||= callback === 'freeze';
                },
            });
            host.interpreter.run(FOREVER);
            assert.equal(host.interpreter.outcome?.failure, undefined);
            const found = Diagnoses.of(host)?.found.items ?? [];
            assert.equal(frozen, kernel < '7.2');
            assert.deepEqual(
                found.filter((d) => d.cause === null).map((d) => d.code),
                [frozen ? 'LU1145' : 'LU1018'],
            );
            assert.match(
                found[0]?.message ?? '',
                frozen
                    ? /Linux [67]\.\d+\.\d+ calls LUO also for .* froze every file and serialized the sessions/
                    : /this kexec did not call LUO/,
            );
        });
    }
});
