/** Says whether a lesson is solved, from the text of the reader's file and what a run of it gave. */
import { counted } from '../../emulator/text/text';
import type { Printed } from '../tests/outcome';
import type { Lesson } from './lessons';

/** Code without comments, and with one space where there is white space. Strings keep what they have. */
function plain(text: string): string {
    return text
        .replace(/("(?:\\.|[^"\\\n])*")|\/\/[^\n]*/g, (_, string: string | undefined) => string ?? '')
        .replace(/\s+/g, ' ');
}

/** @returns what is left to do, in sentences; empty: the lesson is solved */
export function leftToDo(lesson: Lesson, text: string, { files }: Printed): string[] {
    const code = plain(text);
    const error = files.flatMap((f) => f.errors)[0];
    if (error) {
        return [`Line ${error.where.line} has an error: ${error.message}`];
    }
    const left = [
        ...lesson.keeps.filter((k) => !code.includes(plain(k))).map((k) => `Keep this part of the lesson: ${k}`),
        ...lesson.has.filter((h) => !h.form.test(code)).map((h) => h.hint),
        ...(lesson.lacks ?? []).filter((l) => l.form.test(code)).map((l) => l.hint),
    ];
    const run = files.flatMap((f) => f.scenarios).find((s) => s.name === lesson.scenario);
    if (!run) {
        return [...left, `Keep the scenario "${lesson.scenario}".`];
    }
    if (run.failure) {
        return [...left, `The scenario fails: ${run.failure.message}`];
    }
    for (const { code: found, severity, message } of run.diagnoses) {
        if (severity !== 'hint') {
            left.push(`${found} is still found: ${message}`);
        }
    }
    if (code.includes(`scenario "${lesson.scenario}" finds `)) {
        left.push('Remove `finds …` after the name of the scenario.');
    }
    const [update] = run.updates;
    const { handsOver } = lesson;
    if (handsOver && (update?.sessions !== handsOver.sessions || update.files !== handsOver.files)) {
        const shown = (sessions: number, files: number): string =>
            `${counted(sessions, 'session')} with ${counted(files, 'file')}`;
        const is = shown(update?.sessions ?? 0, update?.files ?? 0);
        left.push(`The update must hand over ${shown(handsOver.sessions, handsOver.files)}, and it hands over ${is}.`);
    }
    return left;
}
