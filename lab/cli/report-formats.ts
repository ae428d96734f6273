/** What a report is written as. */
export const reportFormats = ['html', 'json', 'junit', 'markdown'] as const
