/** What a run is about to call is known before it does, and steps into it end there. */
import assert from 'node:assert/strict';
import { Run } from '../../../emulator/run/run';
import { calledNext, isOwnCallback, nextCallback } from '../../../emulator/runtime/ahead';
import type { Host } from '../../../emulator/runtime/host/host';
import { depthOf } from '../../../emulator/runtime/code';
import { depthOfCaller, StepIntoFrame } from '../../../emulator/runtime/stepping';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { programOf } from '../../support/programs';
import { FOREVER } from '../../support/runs';
import { lineAt } from '../../support/timelines';

const SOURCE = `file box at "/dev/box" { open() { } }
file bag at "/dev/bag" { open() { } }
handler box_handler "box-v1" for box {
    can_preserve(file) { return file.kind == box }
    preserve(args) { }
    unpreserve(args) { }
    retrieve(args) { args.file = new box() }
    finish(args) { }
}
kernel "7.2-box" from "7.2" { handlers + box_handler }
fn twice(x) { return x * 2 }
scenario "s" {
    boot "7.2-box"
    n = twice(twice(2))
    process luod {
        vm1 = open("/dev/liveupdate").create_session("vm-1")
        vm1.preserve_fd(open("/dev/box"), token: n)
        c = open("/dev/box")
        vm1.preserve_fd(c, token: 1)
        bag1 = open("/dev/bag")
        vm1.preserve_fd(bag1, token: 2)  fails ENOENT
        vm1.close()
    }
}`;

const FAR = `file box at "/dev/box" { open() { } }
fn late() {
    n = 0
    while n < 800000 { n += 1 }
    return open("/dev/box")
}
scenario "s" {
    boot "7.2"
    process luod {
        log("before")
        box1 = late()
    }
}`;

function at(line: number): Host {
    const { host } = Run.start(programOf(SOURCE), {});
    const { interpreter } = host;
    while (lineAt(host) !== `test.lus:${line}`) {
        interpreter.step('in own code');
        assert.equal(interpreter.run(FOREVER)?.reason, 'step');
    }
    return host;
}

const names = (host: Host, wholeCall = false): string[] =>
    calledNext(host, host.interpreter.current, wholeCall).map(({ code }) => code.name);

suite('looking ahead', () => {
    test('finds the functions of a statement, each once', () => {
        assert.deepEqual(names(at(14)), ['twice']);
    });

    test('finds the callbacks below a system call, in their order, empty ones too', () => {
        const found = names(at(17));
        const own = found.filter((n) => n.startsWith('box'));
        assert.deepEqual(own, ['box.open', 'box_handler.can_preserve', 'box_handler.preserve']);
    });

    test('changes nothing', () => {
        const host = at(17);
        const before = fingerprint(host);
        const frames = [...host.interpreter.current.frames];
        assert.ok(names(host).length > 3);
        assert.equal(fingerprint(host), before);
        assert.ok(host.interpreter.current.frames.every((f, i) => f === frames[i]));
    });

    test('a step into what it has found ends at its beginning', () => {
        const callees = calledNext(at(17), at(17).interpreter.current, false);
        assert.ok(callees.length > 3);
        for (const { code } of callees) {
            const host = at(17);
            const { interpreter } = host;
            const { current } = interpreter;
            interpreter.goAlong(
                new StepIntoFrame(interpreter, current, depthOf(current), (f) => f.code.name === code.name),
            );
            assert.equal(interpreter.run(FOREVER)?.reason, 'step');
            assert.equal(host.frame?.code.name, code.name);
            assert.equal(host.frame.pc, code.statements[0]?.pc);
        }
    });

    test('a step into what is not called ends behind the statement', () => {
        const host = at(17);
        const { interpreter } = host;
        const { current } = interpreter;
        interpreter.goAlong(new StepIntoFrame(interpreter, current, depthOf(current), () => false));
        assert.equal(interpreter.run(FOREVER)?.reason, 'step');
        assert.equal(lineAt(host), 'test.lus:18');
    });

    test('of what takes too long the next callback is not known, and a step finds it', () => {
        const { host } = Run.start(programOf(FAR), {});
        const { interpreter } = host;
        while (lineAt(host) !== 'test.lus:11') {
            interpreter.step('in own code');
            assert.equal(interpreter.run(FOREVER)?.reason, 'step');
        }
        const { current } = interpreter;
        assert.equal(nextCallback(host, current), 'far');
        interpreter.goAlong(new StepIntoFrame(interpreter, current, depthOfCaller(current), isOwnCallback));
        assert.equal(interpreter.run(FOREVER)?.reason, 'step');
        assert.equal(host.frame?.code.name, 'box.open');
    });

    test('the next callback is not one that only selects a handler, unless nothing else follows', () => {
        const next = (line: number): string => {
            const host = at(line);
            const found = nextCallback(host, host.interpreter.current);
            return typeof found === 'string' ? found : found.name;
        };
        assert.equal(next(17), 'box.open');
        assert.equal(next(19), 'box_handler.preserve');
        assert.match(next(21), /\.can_preserve$/);
        assert.equal(next(14), 'none');
    });
});
