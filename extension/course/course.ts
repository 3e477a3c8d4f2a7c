/** *Learn Live Update*: copies the lessons, opens them beside their pages, checks and resets them. */
import * as vscode from 'vscode';
import { COMMANDS } from '../contributions';
import { copyAndOpen, exists, replaceText, showBeside } from '../copies';
import { LusCommand } from '../tests/lus-command';
import { runSchema } from '../tests/outcome';
import { leftToDo } from './check';
import { LESSONS, numberOf, pageOf, type Lesson } from './lessons';

/** The names of the lessons that were solved, and the folder of the reader's copies. */
const SOLVED = 'lus.lessonsSolved';
const FOLDER = 'lus.lessonsFolder';

const fileIn = (folder: string, name: string): vscode.Uri =>
    vscode.Uri.joinPath(vscode.Uri.parse(folder), `${name}.lus`);

export class Course implements vscode.Disposable {
    private readonly lus: LusCommand;
    private readonly changed = new vscode.EventEmitter<void>();
    /** Fires when a lesson was solved. */
    readonly onDidChange = this.changed.event;

    constructor(private readonly context: vscode.ExtensionContext) {
        this.lus = new LusCommand(context.extensionUri);
    }

    dispose(): void {
        this.changed.dispose();
    }

    /** The lesson of a file in the reader's folder. */
    lessonOf(uri: vscode.Uri): Lesson | undefined {
        const { folder } = this;
        return LESSONS.find(({ name }) => folder !== undefined && uri.toString() === fileIn(folder, name).toString());
    }

    isSolved({ name }: Lesson): boolean {
        return this.solved.includes(name);
    }

    /** Copies the lessons if the reader has none; otherwise lets the reader choose one. */
    async learn(argument: unknown): Promise<string | undefined> {
        const { folder } = this;
        if (folder === undefined || !(await exists(vscode.Uri.parse(folder)))) {
            return await this.copy(argument);
        }
        const lesson = await this.pick();
        if (lesson) {
            await this.open(lesson);
        }
        return folder;
    }

    /** Shows the first unsolved lesson of a folder of copies; does nothing in another folder. */
    async showIn(folder: vscode.Uri): Promise<void> {
        if (folder.toString() === this.folder) {
            await this.open(this.next ?? LESSONS[0]);
        }
    }

    /** Runs a lesson and says what is left to do. @returns whether it is solved */
    async check(argument: unknown): Promise<boolean> {
        const lesson = this.lessonAt(argument);
        const { folder } = this;
        if (!lesson || folder === undefined) {
            return false;
        }
        const document = await vscode.workspace.openTextDocument(fileIn(folder, lesson.name));
        await document.save();
        const token = new vscode.CancellationTokenSource().token;
        const printed = await this.lus.output(document.uri.fsPath, ['run', '--format=json'], token);
        const left = leftToDo(lesson, document.getText(), runSchema.parse(JSON.parse(printed)));
        if (left.length > 0) {
            void vscode.window.showWarningMessage(`Lesson ${numberOf(lesson)} is not solved yet. ${left.join(' ')}`);
            return false;
        }
        await this.context.globalState.update(SOLVED, [...new Set([...this.solved, lesson.name])]);
        this.changed.fire();
        void this.celebrate(lesson);
        return true;
    }

    /** Brings a lesson back to its start, as an edit that can be undone. */
    async reset(argument: unknown): Promise<boolean> {
        const lesson = this.lessonAt(argument);
        const { folder } = this;
        if (!lesson || folder === undefined) {
            return false;
        }
        const start = await vscode.workspace.openTextDocument(fileIn(this.shipped.toString(), lesson.name));
        const document = await vscode.workspace.openTextDocument(fileIn(folder, lesson.name));
        return await replaceText(document, start.getText());
    }

    private get folder(): string | undefined {
        return this.context.globalState.get<string>(FOLDER);
    }

    private get solved(): readonly string[] {
        return this.context.globalState.get<readonly string[]>(SOLVED, []);
    }

    private get next(): Lesson | undefined {
        return LESSONS.find((lesson) => !this.isSolved(lesson));
    }

    private get shipped(): vscode.Uri {
        return vscode.Uri.joinPath(this.context.extensionUri, 'extension', 'learn');
    }

    private async copy(argument: unknown): Promise<string | undefined> {
        const names = SHIPPED_LESSONS.split(' ');
        const copied = { from: this.shipped, names, folderName: 'learn-live-update', what: 'lessons' };
        return await copyAndOpen(this.context, copied, argument, async (folder) => {
            await this.context.globalState.update(FOLDER, folder);
        });
    }

    private async pick(): Promise<Lesson | undefined> {
        const { next } = this;
        const items = LESSONS.map((lesson) => ({
            label: `${numberOf(lesson)}. ${lesson.title}`,
            description: this.isSolved(lesson) ? '$(check) solved' : lesson === next ? 'next' : '',
            lesson,
        }));
        const title = `Learn Live Update: ${this.solved.length} of ${LESSONS.length} lessons solved`;
        const first = items.filter((i) => i.lesson === next);
        const picked = await vscode.window.showQuickPick([...first, ...items.filter((i) => i.lesson !== next)], {
            title,
        });
        return picked?.lesson;
    }

    private async open(lesson: Lesson | undefined): Promise<void> {
        const { folder } = this;
        if (!lesson || folder === undefined) {
            return;
        }
        const file = fileIn(folder, lesson.name);
        if (!(await exists(file))) {
            await vscode.workspace.fs.copy(fileIn(this.shipped.toString(), lesson.name), file);
        }
        const page = vscode.Uri.joinPath(this.context.extensionUri, 'extension', 'docs', pageOf(lesson));
        await showBeside(file, page);
    }

    /** The lesson in the argument of a lens, otherwise that of the editor; says if there is none. */
    private lessonAt(argument: unknown): Lesson | undefined {
        const uri = vscode.window.activeTextEditor?.document.uri;
        const lesson = LESSONS.find(({ name }) => name === argument) ?? (uri && this.lessonOf(uri));
        if (!lesson) {
            void vscode.window.showWarningMessage(
                'Open a lesson first. "Live Update: Learn Live Update" copies the lessons to a folder.',
            );
        }
        return lesson;
    }

    private async celebrate(lesson: Lesson): Promise<void> {
        const { next } = this;
        const said = `Lesson ${numberOf(lesson)} is solved.`;
        if (!next) {
            await vscode.window.showInformationMessage(`${said} You have solved all ${LESSONS.length} lessons.`);
            return;
        }
        const go = 'Next Lesson';
        if ((await vscode.window.showInformationMessage(said, go)) === go) {
            await this.open(next);
        }
    }
}

/** *Check*, *Reset* and *Page* at the top of a lesson. */
export class LessonLenses implements vscode.CodeLensProvider {
    readonly onDidChangeCodeLenses: vscode.Event<void>;

    constructor(private readonly course: Course) {
        this.onDidChangeCodeLenses = course.onDidChange;
    }

    provideCodeLenses({ uri }: vscode.TextDocument): vscode.CodeLens[] {
        const lesson = this.course.lessonOf(uri);
        if (!lesson) {
            return [];
        }
        const top = new vscode.Range(0, 0, 0, 0);
        const lens = (title: string, command: string, argument: unknown): vscode.CodeLens =>
            new vscode.CodeLens(top, { title, command, arguments: [argument] });
        return [
            lens(this.course.isSolved(lesson) ? '✓ Check Again' : 'Check', COMMANDS.checkLesson, lesson.name),
            lens('Reset', COMMANDS.resetLesson, lesson.name),
            lens('Page', COMMANDS.openDocumentation, { page: pageOf(lesson) }),
            lens('All Lessons', COMMANDS.learn, undefined),
        ];
    }
}
