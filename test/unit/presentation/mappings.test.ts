/** Mappings of files as the debugger shows them, and what a program is told that uses those of another. */
import assert from 'node:assert/strict';
import { namedItems } from '../../../emulator/presentation/item';
import { processScope } from '../../../emulator/presentation/process';
import { Run } from '../../../emulator/run/run';
import { processOf } from '../../../emulator/runtime/host/scenario-process';
import { fingerprint } from '../../../emulator/timeline/fingerprint';
import { programOf } from '../../support/programs';
import { failuresOf } from '../../support/runs';

const TWO = `
scenario "mapped" {
    boot "7.3"
    process vmm {
        ram = memfd_create("ram")
        ram.truncate(8KiB)
        m = ram.mmap(8KiB, PROT_READ | PROT_WRITE, MAP_PRIVATE)
        m.store("x", at: 4KiB)
        m.munmap()
    }
}
`;

suite('mappings in the debugger', () => {
    test('the process shows what it has mapped, and a write to a private page makes another state', () => {
        const program = programOf({ 'test.lus': TWO });
        const { host } = Run.start(program);
        const seen: string[] = [];
        const states = new Set<string>();
        while (!host.interpreter.outcome) {
            host.interpreter.step('next');
            host.interpreter.run(1_000_000);
            const process = processOf(host.interpreter.current);
            const item = namedItems(processScope(host, process)).find((i) => i.name === 'mappings');
            if (!item?.children?.indexed) {
                continue;
            }
            states.add(fingerprint(host));
            seen.push(`${item.value}: ${item.children.indexed.item(0).value}`);
        }
        assert.ok(seen.length >= 2);
        assert.match(seen[0] ?? '', /^1: private, writable: 8 KiB at 0 of /);
        assert.ok(states.size >= 2);
    });

    test('a program cannot use the memory of another', () => {
        const program = programOf({
            'test.lus': `
scenario "mine" {
    boot "7.3"
    process vmm {
        ram = memfd_create("ram")
        ram.truncate(4KiB)
        m = ram.mmap(4KiB, PROT_READ, MAP_SHARED)
    }
    process other { vmm.m.load(1, at: 0) }
}
`,
        });
        assert.match(failuresOf(program).join('\n'), /this is memory of another process/);
    });
});
