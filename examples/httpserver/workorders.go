package main

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/workorders"
)

// workOrder is what this service tells of a work order.
type workOrder struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	Status    string     `json:"status"`
	Priority  string     `json:"priority"`
	DueDate   *time.Time `json:"dueDate,omitempty"`
	CreatedAt time.Time  `json:"createdAt"`
}

func tell(wo workorders.WorkOrder) workOrder {
	return workOrder{ID: wo.ID, Title: wo.Title, Status: wo.Status, Priority: wo.Priority, DueDate: wo.DueDate, CreatedAt: wo.CreatedAt}
}

// me tells callers who they are.
func me(_ *http.Request, c caller) (answer, error) {
	return answer{status: http.StatusOK, body: map[string]any{
		"userId": c.UserID, "email": c.Email, "tenantId": c.TenantID, "assurance": c.AAL, "expiry": c.Expiry,
	}}, nil
}

// listWorkOrders lists what the caller is in charge of, the newest first, in pages.
func listWorkOrders(r *http.Request, c caller) (answer, error) {
	params := r.URL.Query()
	limit := 50
	if text := params.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 200 {
			return answer{}, badRequest{http.StatusBadRequest, "limit is not a number from 1 to 200"}
		}
		limit = n
	}
	cols := workorders.WorkOrderCols
	opts := []query.Option{
		query.Where(cols.AssignedTo.Eq(c.UserID)), query.OrderBy(cols.CreatedAt.Desc()), query.Limit(limit),
	}
	if status := params.Get("status"); status != "" {
		opts = append(opts, query.Where(cols.Status.Eq(status)))
	}
	if cursor := params.Get("cursor"); cursor != "" {
		opts = append(opts, query.After(query.Cursor(cursor)))
	}
	page, err := c.client.WorkOrders.Page(r.Context(), opts...)
	if err != nil {
		return answer{}, err
	}
	body := struct {
		Items []workOrder `json:"items"`
		Next  string      `json:"next,omitempty"` // the cursor of the next page
	}{Items: make([]workOrder, len(page.Items))}
	for i, wo := range page.Items {
		body.Items[i] = tell(wo)
	}
	if page.HasMore {
		body.Next = string(page.Next)
	}
	return answer{status: http.StatusOK, body: body}, nil
}

// createWorkOrder makes a work order that the caller is in charge of. With the header
// Idempotency-Key a repeated request makes no second one.
func createWorkOrder(r *http.Request, c caller) (answer, error) {
	var in struct {
		Title       string    `json:"title"`
		Description string    `json:"description"`
		Priority    string    `json:"priority"`
		DueDate     time.Time `json:"dueDate"`
	}
	if err := readJSON(r, &in); err != nil {
		return answer{}, err
	}
	id, err := c.client.WorkOrders.Create(r.Context(), workorders.CreateWorkOrderParams{
		Title: in.Title, Description: in.Description, Priority: in.Priority, DueDate: in.DueDate,
		AssignedTo: c.UserID, ClientRequestID: r.Header.Get("Idempotency-Key"),
	})
	if err != nil {
		return answer{}, err
	}
	wo, err := c.client.WorkOrders.Get(r.Context(), id)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusCreated, location: "/work-orders/" + url.PathEscape(id), body: tell(*wo)}, nil
}

func getWorkOrder(r *http.Request, c caller) (answer, error) {
	wo, err := c.client.WorkOrders.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, body: tell(*wo)}, nil
}

// transitionWorkOrder moves a work order to another status.
func transitionWorkOrder(r *http.Request, c caller) (answer, error) {
	var in struct {
		To string `json:"to"`
	}
	if err := readJSON(r, &in); err != nil {
		return answer{}, err
	}
	err := c.client.WorkOrders.TransitionStatus(r.Context(), workorders.TransitionStatusParams{
		WorkOrderID: r.PathValue("id"), ToStatusKey: in.To,
	})
	if err != nil {
		return answer{}, err
	}
	return getWorkOrder(r, c)
}
