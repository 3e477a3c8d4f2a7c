/** Callbacks that are `void` in the kernel: nothing is returned from them, and no error is injected into them. */
import assert from 'node:assert/strict';
import { errorsOf } from '../../../emulator/run/load-program';
import { programOf } from '../../support/programs';
import { passes } from '../../support/runs';

const handler = (callbacks: string): string => `file link at "/dev/link0" { }
handler link_handler "link-v1" for link uses bus {
    can_preserve(file) { return file.kind == link }
    preserve(args) { }
    retrieve(args) { args.file = new link() }
${callbacks}
}
`;
const FLB = `flb bus "bus-v1" {
    preserve(args) { args.obj = args.flb }
    unpreserve(args) { }
    retrieve(args) { args.obj = args.flb }
    finish(args) { }
}
`;
const QUIET = '    unpreserve(args) { }\n    unfreeze(args) { }\n    finish(args) { }';

/** The errors of a program, each with its code, message and the program as its fix leaves it. */
function errors(text: string): { readonly code: string; readonly message: string; readonly fixed: string }[] {
    return errorsOf(programOf(text)).map(({ code, message, fix }) => ({
        code,
        message,
        fixed: [...(fix?.edits ?? [])]
            .sort((a, b) => b.span.start - a.span.start)
            .reduce((t, e) => t.slice(0, e.span.start) + e.text + t.slice(e.span.end), text),
    }));
}

suite('callbacks that cannot fail', () => {
    test('a value that is returned is refused, and the fix leaves the return', () => {
        for (const callback of ['unpreserve', 'unfreeze', 'finish']) {
            const others = QUIET.split('\n').filter((line) => !line.includes(`${callback}(`));
            const text = (statement: string): string =>
                FLB + handler([...others, `    ${callback}(args) { if true { ${statement} } }`].join('\n'));
            const [error, ...more] = errors(text('return -EIO'));
            assert.deepEqual(more, []);
            assert.equal(error?.code, 'LU0422', callback);
            assert.match(error.message, /`void` in the kernel/);
            assert.equal(error.fixed, text('return'));
            assert.deepEqual(errors(text('return')), []);
        }
    });

    test('so it is in FLBs', () => {
        for (const callback of ['unpreserve', 'finish']) {
            const text = FLB.replace(`${callback}(args) { }`, `${callback}(args) { return 0 }`);
            assert.deepEqual(
                errors(text).map((e) => [e.code, e.fixed]),
                [['LU0422', FLB.replace(`${callback}(args) { }`, `${callback}(args) { return }`)]],
            );
        }
    });

    test('an injection is refused, and the fix removes it', () => {
        const text = (injections: string): string =>
            `${FLB}${handler(QUIET)}scenario "s" {\n    boot "7.2"\n${injections}    log(1)\n}\n`;
        for (const target of ['link_handler.unpreserve', 'link_handler.unfreeze', 'memfd.finish', 'bus.unpreserve']) {
            const [error, ...more] = errors(text(`    inject EIO into ${target}\n`));
            assert.deepEqual(more, []);
            assert.equal(error?.code, 'LU0411', target);
            assert.match(error.message, /cannot fail/);
            assert.ok(!error.fixed.includes('inject'), error.fixed);
            assert.deepEqual(errors(error.fixed), []);
        }
        for (const target of ['link_handler.preserve', 'memfd.retrieve', 'bus.preserve', 'memfd.freeze']) {
            assert.deepEqual(errors(text(`    inject EIO into ${target}\n`)), []);
        }
    });

    test('a call that fails in one ends it, and who has called goes on', () => {
        passes(`${FLB}${handler('    unpreserve(args) { kho.restore_folio(0x1000); klog_info("not here") }\n    finish(args) { }')}
kernel "k" from "7.2" { handlers + link_handler }
scenario "s" {
    boot "k"
    process p {
        s = open("/dev/liveupdate").create_session("s")
        s.preserve_fd(open("/dev/link0"), token: 1)
        s.close()
    }
    assert session("s") == none && !kernel.logged("not here")
}
`);
    });

    test('words of expectations are names elsewhere', () => {
        passes(`scenario "s" {
    boot "7.2"
    oopses = 1
    process p { oopses = 2; assert oopses == 2 }
    assert oopses == 1
}
`);
    });
});
