/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands below the header where no table does. */
#ifndef SONDE_PAGES_H
#define SONDE_PAGES_H

#include "view/view.h"

#define HEADER_LINES 4 /* with the heads */
#define FOOTER_LINES 1

void page__losses(struct view *view, struct frame *frame); /* scrolls: sets what is shown */
void page__sonde(const struct view *view, struct frame *frame);
void page__help(struct frame *frame);
/* All that is known of one row. */
void page__details(const struct view *view, struct frame *frame, const struct model_row *row);

#endif
