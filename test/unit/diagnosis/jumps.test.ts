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
        test(`LU1018 says what ${kernel} does before a jump with KEXEC_PRESERVE_CONTEXT`, () => {
            const { host } = Run.start(correctProgram(text(kernel)));
            let frozen = false;
            host.listeners.report({
                callbackEntered: ({ callback }) => {
                    frozen ||= callback === 'freeze';
                },
            });
            host.interpreter.run(FOREVER);
            assert.equal(host.interpreter.outcome?.failure, undefined);
            const [found] = (Diagnoses.of(host)?.found.items ?? []).filter((d) => d.code === 'LU1018');
            assert.equal(frozen, kernel < '7.2');
            assert.match(
                found?.message ?? '',
                frozen
                    ? /Linux [67]\.\d+\.\d+ calls LUO for such a kexec, too, and froze all files/
                    : /this kexec did not call LUO/,
            );
        });
    }
});
