/** A data breakpoint on every row that the panes show: an id that finds the row again, or a reason. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { parsedDataId } from '../../debug-adapter/data/data-id';
import { subjectOf } from '../../debug-adapter/data/subject';
import { infoOf } from '../../debug-adapter/breakpoints/data-requests';
import { Inspection } from '../../debug-adapter/inspection';
import { Sources } from '../../debug-adapter/source';
import type { Host } from '../../emulator/runtime/host/host';
import { examples } from '../support/programs';
import { arrived, onwards, travelled } from '../support/timelines';

/** How deep rows are unfolded. */
const DEPTH = 3;
/** Places of a run, as parts of it. */
const PLACES = [0.5, 1];

/**
 * Asks for every row below a reference; of the elements of a collection for the first, the last and one between.
 * @param elements the number of elements
 */
function ask(inspection: Inspection, ref: number, elements: number, path: readonly string[], kinds: Set<string>): void {
    const rows = inspection.variables({ variablesReference: ref, filter: 'named' });
    for (const start of new Set([0, Math.floor(elements / 2), elements - 1])) {
        if (start >= 0 && start < elements) {
            rows.push(...inspection.variables({ variablesReference: ref, filter: 'indexed', start, count: 1 }));
        }
    }
    for (const row of rows) {
        const names = [...path, row.name];
        askFor(inspection, ref, row, names.join(' › '), kinds);
        if (row.variablesReference !== 0 && path.length <= DEPTH) {
            ask(inspection, row.variablesReference, row.indexedVariables ?? 0, names, kinds);
        }
    }
}

function askFor(
    inspection: Inspection,
    ref: number,
    row: DebugProtocol.Variable,
    path: string,
    kinds: Set<string>,
): void {
    const { dataId, description } = infoOf(inspection.dataOf({ variablesReference: ref, name: row.name }));
    if (dataId === null) {
        assert.match(description, /^[^.]+( [^.]+)*\.( .*\.)?$/, path);
        return;
    }
    const id = parsedDataId(dataId);
    assert.ok(id, path);
    kinds.add(id.of);
    const subject = subjectOf(id);
    switch (subject.kind) {
        case 'bytes':
            assert.ok(inspection.host.machine.isRam(subject.address, subject.size), `${path}: no memory`);
            if (subject.show && row.variablesReference === 0 && !row.value.startsWith('<')) {
                assert.equal(subject.show(inspection.host), row.value, path);
            }
            break;
        case 'owner':
            assert.ok(subject.count >= 1, path);
            break;
        case 'value':
            assert.equal(subject.read(inspection.host), row.value, path);
    }
}

function askEverywhere(host: Host, sources: Sources, kinds: Set<string>): void {
    const inspection = new Inspection(
        host,
        sources,
        { invalidated: () => undefined, hasLiveUpdateView: false },
        (_text, make) => make(host),
    );
    for (const { id: threadId } of inspection.threads()) {
        const [frame] = inspection.stackTrace({ threadId }).stackFrames;
        assert.ok(frame);
        for (const { name, variablesReference, indexedVariables } of inspection.scopes(frame.id)) {
            ask(inspection, variablesReference, indexedVariables ?? 0, [name], kinds);
        }
    }
}

suite('data breakpoints', () => {
    for (const [name, program] of examples()) {
        test(`on every row of every pane of ${name}`, function () {
            this.timeout(120_000);
            const kinds = new Set<string>();
            const sources = new Sources({ toUri: (p) => p, toPath: (u) => u }, () => program.files);
            const t = travelled(program);
            onwards(t);
            const { end } = t.timeline;
            for (const part of PLACES) {
                arrived(t.timeline.goTo(Math.floor(end * part)));
                askEverywhere(t.host, sources, kinds);
            }
            assert.deepEqual([...kinds].sort(), ['bytes', 'pages', 'row']);
        });
    }
});
