/** Versions of Linux: their order, what each is described as, and the bugs that each has. */
import assert from 'node:assert/strict';
import { DESCRIPTIONS, descriptionOf } from '../../../../emulator/kernel/release/descriptions';
import { BUG_FLAWS, flawsOf, hasBug } from '../../../../emulator/kernel/release/known-bugs';
import { compareVersions, isIn, parseVersion, type Version } from '../../../../emulator/kernel/release/version';
import { Run } from '../../../../emulator/run/run';
import { resolveKernel } from '../../../../emulator/runtime/host/kernels';
import { correctProgram, programOf } from '../../../support/programs';
import { failureOf, passes, runToEnd } from '../../../support/runs';

function version(text: string): Version {
    const parsed = parseVersion(text);
    assert.ok(parsed, text);
    return parsed;
}

const NO_OPTIONS = new Set<never>();
const flaws = (text: string): ReadonlySet<string> => flawsOf(version(text), NO_OPTIONS);

suite('versions', () => {
    test('release candidates come before the release, stable releases behind it', () => {
        const inOrder = [
            '6.19-rc1',
            '6.19-rc8',
            '6.19',
            '6.19.9',
            '6.19.10',
            '7.0-rc4',
            '7.0',
            '7.2-rc7',
            '7.2',
            '7.10',
        ];
        const shuffled = [...inOrder].sort();
        assert.deepEqual(
            shuffled.sort((a, b) => compareVersions(version(a), version(b))),
            inOrder,
        );
        for (const text of ['', '7', '7.2.3.4', '7.2-rc', '7.2-rc1.2', 'v7.2', '7.2-uma', ' 7.2']) {
            assert.equal(parseVersion(text), undefined, text);
        }
    });

    test('a fix in a stable release counts in its series alone', () => {
        const span = { since: '7.1', fixed: '7.3-rc1', stable: ['7.2.4'] };
        const within = (text: string): boolean => isIn(span, version(text));
        assert.deepEqual(
            ['7.0.99', '7.1-rc7', '7.1', '7.1.30', '7.2', '7.2.3', '7.2.4', '7.2.13', '7.3-rc1', '7.3'].map(within),
            [false, false, true, true, true, true, false, false, false, false],
        );
    });

    test('stable releases and release candidates are their series with the bugs of the version', () => {
        const early = descriptionOf('7.2.3');
        assert.equal(early?.release, '7.2.3');
        assert.equal(early.library, DESCRIPTIONS.get('7.2')?.library);
        assert.ok(early.flaws.has('kho_int_sizes') && !descriptionOf('7.2.4')?.flaws.has('kho_int_sizes'));
        assert.equal(descriptionOf('7.2-rc4')?.release, '7.2.0-rc4');
        assert.ok(descriptionOf('7.2-rc4')?.flaws.has('luo_get_name_argument'));
        assert.ok(!descriptionOf('7.2-rc5')?.flaws.has('luo_get_name_argument'));
        assert.equal(descriptionOf('7.2.3'), early, 'the same each time');
        assert.equal(descriptionOf('7.0.10')?.kho.compatible, 'kho-v1');
    });

    test('a version that nobody knows is none', () => {
        for (const name of ['7.2.14', '7.3.5', '7.4-rc2', '7.4', '7.5', '6.15', '7.2-rc', '7.2.3-uma', '']) {
            assert.equal(descriptionOf(name) !== undefined, name === '7.4', name);
        }
        assert.ok(descriptionOf('7.1.40'), 'nobody keeps count of old series');
    });

    test('the newest releases have no bug that is a flaw', () => {
        for (const name of ['7.2', '7.3', '7.4']) {
            assert.deepEqual([...(descriptionOf(name)?.flaws ?? [])], [], name);
        }
        assert.ok(flaws('6.19').size > 15);
    });

    test('some bugs ask how the kernel is built', () => {
        const built = (entries: string, from: string): ReadonlySet<string> =>
            resolveKernel(correctProgram(`kernel "k" from "${from}" { ${entries} }\n`), 'k').desc.flaws;
        assert.ok(!built('numa off', '7.1').has('kho_scratch_not_cma'));
        assert.ok(built('deferred_init on', '7.1').has('kho_scratch_not_cma'));
        assert.ok(!built('deferred_init on', '7.2').has('kho_scratch_not_cma'));
        assert.ok(built('kfence on', '6.17').has('kho_bitmaps_in_kfence'));
        assert.ok(!built('kfence on', '6.18').has('kho_bitmaps_in_kfence'));
        assert.ok(!built('flaws - luo_stale_session', '7.1').has('luo_stale_session'));
        assert.ok(built('flaws luo_finish_reserved', '7.2').has('luo_finish_reserved'));
    });

    test('from 6.17 to 6.19 KHO cannot be built with deferred initialization', () => {
        passes(`kernel "k" from "6.19" { deferred_init on }
kernel "l" from "7.0" { deferred_init on }
scenario "s" {
    boot "k"
    assert !kho.enabled
    boot "l"
    assert kho.enabled
}
`);
    });

    test('a run in which kernels are cured of a bug, however they are named', () => {
        const program = programOf(`kernel "k" from "7.1" { numa off }
scenario "s" {
    boot "k"
    assert !kernel.flaw("luo_finish_reserved")
    process p { kexec_file_load("7.1"); reboot(KEXEC) }
    assert !kernel.flaw("luo_finish_reserved") && kernel.flaw("luo_stale_session")
}
`);
        assert.match(failureOf(program) ?? '', /assertion failed/);
        const { host } = Run.start(program, { cured: new Set(['luo_finish_reserved']) });
        runToEnd(host);
        assert.equal(host.interpreter.outcome?.failure?.message, undefined);
    });

    test('every flaw of a release is in one', () => {
        for (const bug of BUG_FLAWS.values()) {
            assert.ok(
                bug.in.some(({ since }) => hasBug(bug, version(since))),
                bug.name,
            );
        }
    });
});
