/** *Search Documentation*: finds sections of the shipped pages while the user types. */
import * as vscode from 'vscode';
import { openDocumentation, pagesOf } from './documentation';
import { find, sectionsOf, type Section } from './find-in-pages';

const MOST = 50;

interface SectionItem extends vscode.QuickPickItem {
    readonly section: Section;
}

export async function searchDocumentation(extension: vscode.Uri): Promise<boolean> {
    const sections = (await pagesOf(extension)).flatMap(({ page, content }) => sectionsOf(page, content));
    const picker = vscode.window.createQuickPick<SectionItem>();
    picker.title = 'Search Documentation';
    picker.placeholder = 'Words, an error such as EBUSY, or a code such as LU1003';
    picker.onDidChangeValue((query) => {
        // alwaysShow: the editor would filter by the words in their order, and only in the visible texts
        picker.items = find(sections, query, MOST).map(({ section, line }) => ({
            label: section.heading,
            description: section.title === section.heading ? '' : section.title,
            detail: line,
            alwaysShow: true,
            section,
        }));
    });
    const chosen = await new Promise<Section | undefined>((resolve) => {
        picker.onDidAccept(() => {
            resolve(picker.selectedItems[0]?.section);
            picker.hide();
        });
        picker.onDidHide(() => resolve(undefined));
        picker.show();
    });
    picker.dispose();
    return chosen !== undefined && (await openDocumentation(extension, { page: chosen.page, anchor: chosen.anchor }));
}
