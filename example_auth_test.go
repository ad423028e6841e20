package workorder_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/httperr"
	"github.com/workorder-systems/sdk-go/sessionstore"
	"github.com/workorder-systems/sdk-go/types"
)

// A person signs in and works in a tenant.
func ExampleAuthService_SignInWithPassword() {
	ctx := context.Background()
	c, err := workorder.New("https://abc.supabase.co", os.Getenv("SUPABASE_ANON_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	session, err := c.Auth.SignInWithPassword(ctx, "ada@example.com", os.Getenv("ADAS_PASSWORD"))
	if err != nil {
		log.Fatal(err)
	}
	tenant, err := c.WithSession(session).ForTenant(ctx, "7f8a1f5e-3f0a-4a44-9d3e-0c9f1f6a2b11")
	if errors.Is(err, workorder.ErrPermissionDenied) {
		log.Fatal("Ada is not a member of this tenant")
	}
	if err != nil {
		log.Fatal(err)
	}
	_ = tenant // works in this tenant and nowhere else
}

// A server acts as the user of each request.
func ExampleAuthService_User() {
	c, err := workorder.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/me", func(w http.ResponseWriter, r *http.Request) {
		jwt := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		user, err := c.AsUser(jwt).Auth.User(r.Context())
		if errors.Is(err, workorder.ErrUnauthenticated) {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		if err != nil {
			http.Error(w, "try later", http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, user.Email)
	})
}

// A worker that keeps its session across restarts.
func ExampleNewSession() {
	ctx := context.Background()
	c, err := workorder.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	store, err := sessionstore.NewFile("/var/lib/worker/session")
	if err != nil {
		log.Fatal(err)
	}
	session := workorder.NewSession(c, "", workorder.WithSessionStore(store))
	defer func() {
		if err := session.Close(); err != nil {
			log.Print("the session was not saved: ", err)
		}
	}()
	_, err = c.WithSession(session).Auth.User(ctx)
	if errors.Is(err, workorder.ErrSessionExpired) {
		log.Print("sign in again")
	}
}

// A worker that serves many tenants with an account of its own.
func ExampleTenantPool() {
	ctx := context.Background()
	c, err := workorder.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	session := workorder.NewPasswordSession(c, "worker@example.com", os.Getenv("WORKER_PASSWORD"))
	pool := workorder.NewTenantPool(c.WithSession(session), workorder.TenantPoolOptions{MaxTenants: 20})
	defer pool.Close()

	for _, tenantID := range []string{"7f8a1f5e-3f0a-4a44-9d3e-0c9f1f6a2b11", "0d5c0f0e-8a51-4c0e-9a53-5d7f6f0a1c22"} {
		err := pool.Do(ctx, tenantID, func(ctx context.Context, c *workorder.Client) error {
			_, err := c.Auth.User(ctx)
			return err
		})
		if err != nil {
			log.Print(err)
		}
	}
}

// A trusted backend signs its own tokens.
func ExampleNewSelfSigned() {
	source, err := workorder.NewSelfSigned(workorder.SelfSigned{
		Secret:  "the project's JWT secret, from a vault",
		Subject: "5b3f0d1e-6f0c-4d0a-9d0c-3e4b5a6c7d8e",
		Tenant:  "7f8a1f5e-3f0a-4a44-9d3e-0c9f1f6a2b11",
		TTL:     time.Minute,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(source)
	// Output: SelfSigned{Subject: "5b3f0d1e-6f0c-4d0a-9d0c-3e4b5a6c7d8e", Tenant: "7f8a1f5e-3f0a-4a44-9d3e-0c9f1f6a2b11", Secret: [redacted]}
}

// A service acts as whoever calls it, once it knows that the token is genuine.
func ExampleVerifier() {
	base, err := workorder.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := workorder.NewVerifier(base, workorder.VerifierOptions{Require: []string{"tenant_id"}})
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/departments", func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		who, err := verifier.Verify(r.Context(), token)
		if err != nil {
			httperr.Write(w, err)
			return
		}
		n, err := base.AsUser(token).Departments.Count(r.Context())
		if err != nil {
			httperr.Write(w, err)
			return
		}
		fmt.Fprintln(w, who.Email, "sees", n)
	})
}

// A service signs its users in at Google. The verifier goes with the browser in a cookie
// that no script reads; encrypt it where others may read the browser's cookies.
func ExampleAuthService_ExchangeCode() {
	c, err := workorder.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		flow, err := c.Auth.OAuthURL(workorder.OAuthURLParams{Provider: "google", RedirectTo: "https://app.example.com/back"})
		if err != nil {
			httperr.Write(w, err)
			return
		}
		http.SetCookie(w, &http.Cookie{
			Name: "verifier", Value: flow.Verifier.Reveal(), Path: "/back", MaxAge: 300,
			HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
		})
		http.Redirect(w, r, flow.URL, http.StatusFound)
	})
	http.HandleFunc("GET /back", func(w http.ResponseWriter, r *http.Request) {
		code, err := workorder.CallbackCode(r.URL.Query())
		if err != nil {
			httperr.Write(w, err)
			return
		}
		verifier, err := r.Cookie("verifier")
		if err != nil {
			http.Error(w, "sign in again", http.StatusUnauthorized)
			return
		}
		session, err := c.Auth.ExchangeCode(r.Context(), code, types.Secret(verifier.Value))
		if err != nil {
			httperr.Write(w, err)
			return
		}
		fmt.Fprintln(w, "Hello", session.User().Email)
	})
}

// A user proves with an authenticator app who they are.
func ExampleAuthService_VerifyFactor() {
	ctx := context.Background()
	c, err := workorder.NewFromEnv() // acts as the user
	if err != nil {
		log.Fatal(err)
	}
	factor, err := c.Auth.EnrollFactor(ctx, workorder.EnrollFactorParams{Type: workorder.FactorTOTP, FriendlyName: "phone app"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Enter into your app:", factor.TOTP.Secret.Reveal())
	challenge, err := c.Auth.ChallengeFactor(ctx, factor.ID)
	if err != nil {
		log.Fatal(err)
	}
	var code string
	if _, err := fmt.Scanln(&code); err != nil {
		log.Fatal(err)
	}
	_, err = c.Auth.VerifyFactor(ctx, workorder.VerifyFactorParams{
		FactorID: factor.ID, ChallengeID: challenge.ID, Code: types.Secret(code),
	})
	if errors.Is(err, workorder.ErrUnauthenticated) {
		log.Fatal("the code is wrong or too old")
	}
	if err != nil {
		log.Fatal(err)
	}
}
