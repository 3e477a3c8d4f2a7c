/** *Open Documentation*: the pages that ship with the extension, rendered, with working links. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { COMMANDS } from './contributions';

/** `library.md#descriptors`: the argument of links. */
const placeSchema = z.object({ page: z.string(), anchor: z.optional(z.string()) });

type DocPlace = z.infer<typeof placeSchema>;

function folderOf(extension: vscode.Uri): vscode.Uri {
    return vscode.Uri.joinPath(extension, 'extension', 'docs');
}

/** Opens a page at a heading. Without an argument, the user chooses the page. */
export async function openDocumentation(extension: vscode.Uri, argument: unknown): Promise<boolean> {
    const given = placeSchema.safeParse(argument);
    const place = given.success ? given.data : await pickPage(extension);
    if (!place) {
        return false;
    }
    const page = vscode.Uri.joinPath(folderOf(extension), place.page);
    await vscode.commands.executeCommand('markdown.showPreview', page.with({ fragment: place.anchor ?? '' }));
    return true;
}

async function pickPage(extension: vscode.Uri): Promise<DocPlace | undefined> {
    const folder = folderOf(extension);
    const entries = await vscode.workspace.fs.readDirectory(folder);
    const pages = entries.map(([name]) => name).filter((name) => name.endsWith('.md'));
    const items = await Promise.all(
        pages.map(async (page) => {
            const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, page));
            return { label: titleIn(new TextDecoder().decode(bytes)) ?? page, description: page, page };
        }),
    );
    return await vscode.window.showQuickPick(
        items.sort((a, b) => a.label.localeCompare(b.label, 'en')),
        { title: 'Open Documentation', matchOnDescription: true },
    );
}

function titleIn(page: string): string | undefined {
    return /^# (.*)$/m.exec(page)?.[1]?.replaceAll('`', '');
}

/** The link to a section of the documentation as a command of the editor; undefined for any other link. */
export function documentationCommand(extension: vscode.Uri, link: vscode.Uri): vscode.Uri | undefined {
    const folder = `${folderOf(extension).path}/`;
    if (link.scheme !== 'file' || !link.path.startsWith(folder)) {
        return undefined;
    }
    const place: DocPlace = { page: link.path.slice(folder.length), anchor: link.fragment };
    return vscode.Uri.parse(`command:${COMMANDS.openDocumentation}?${encodeURIComponent(JSON.stringify([place]))}`);
}

/** Markdown whose links to the documentation are commands. */
export function withCommands(extension: vscode.Uri, text: vscode.MarkdownString): vscode.MarkdownString {
    const value = text.value.replace(/\]\((file:[^)\s]+)\)/g, (whole, target: string) => {
        const command = documentationCommand(extension, vscode.Uri.parse(target));
        return command ? `](${command.toString()})` : whole;
    });
    const changed = new vscode.MarkdownString(value, text.supportThemeIcons);
    changed.isTrusted = { enabledCommands: [COMMANDS.openDocumentation] };
    return changed;
}
